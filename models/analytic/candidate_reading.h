#pragma once

#include <cstdint>
#include <string>

namespace farfield {

// What a denoiser that reads only some of its data points has read since it was made.
struct CandidateReading {
  int64_t points = 0;   // N
  int64_t queries = 0;  // states it was evaluated at
  int64_t read = 0;     // points whose distance was computed in full, over all queries
  double dropped = 0;   // no query's left-out points have more than this share of the weight; NaN: no bound is known
  double reach = 0;     // no two points are further apart: |D - exact| <= dropped times this
};

// Denoisers that count; found by a dynamic_cast.
class CandidateReader {
 public:
  virtual ~CandidateReader() = default;
  virtual CandidateReading reading() const = 0;
};

// "read 312 of 60,000 points a state (0.52 %) over 640 states; what was left out has at most 1e-06 of the weight".
std::string in_words(const CandidateReading& reading);

}  // namespace farfield

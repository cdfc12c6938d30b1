#pragma once

#include <cstdint>
#include <vector>

namespace farfield {

// The query weights q of all members of a family that look at the same places of an image: place p adds up planes,
// out_p = sum_v q_p(v) in_v, for 32 images side by side. Immutable.
class LaneFilter {
 public:
  virtual ~LaneFilter() = default;
  virtual int64_t planes() const = 0;
  virtual int64_t places() const = 0;
  // in [planes][32] -> out [places][32]; `scratch` has scratch_size() numbers.
  virtual void apply(const double* in, double* scratch, double* out) const = 0;
  virtual int64_t scratch_size() const { return 0; }

  // The planes with q > 0 of a place, and their weights; `weights` stays empty where all are 1.
  virtual void member(int64_t place, std::vector<int32_t>& planes, std::vector<double>& weights) const = 0;
  // The largest sum of |q| of a place, and how many unit roundoffs of that times a number typically err by.
  virtual double largest_sum() const = 0;
  virtual double roundoff() const = 0;
};

}  // namespace farfield

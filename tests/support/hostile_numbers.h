#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/error.h"

namespace farfield::test {

// Texts of numbers that programs stumble over: ends of integer types, what is no number, what is beyond any use. Every
// numeric option, field and key is tried with all of them: it is taken, or refused with exit 2 or 3.
const std::vector<std::string>& hostile_numbers();

// `json` once for every number in it and every hostile number, with the one in the other's place.
std::vector<std::string> with_hostile_numbers(const std::string& json);

// Tries calls. Each must return, or throw an Error with the code `refusal`, and take less than a second of CPU time; anything else is a
// failure of the test, and so is a sweep that tried nothing. Says at its end how many were taken.
class NumberSweep {
 public:
  explicit NumberSweep(ExitCode refusal = ExitCode::kUsage) : refusal_(refusal) {}
  ~NumberSweep();
  NumberSweep(const NumberSweep&) = delete;
  // Whether it was taken.
  bool operator()(const std::string& what, const std::function<void()>& call);

 private:
  ExitCode refusal_;
  int tried_ = 0, taken_ = 0;
};

}  // namespace farfield::test

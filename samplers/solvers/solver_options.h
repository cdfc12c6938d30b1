#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// The options of a solver, key by key, from SOLVER[,option=value...]. A factory reads each of its options exactly once;
// what it read, defaults included, makes up resolved().
class SolverOptions {
 public:
  // `solver` is the solver's name, for messages.
  explicit SolverOptions(std::string solver, std::map<std::string, std::string> given = {});

  // `above`: the value must be above it; `at_most`: no more than it. usage_error naming the range otherwise.
  double number(const std::string& key, double fallback, double above, double at_most) const;
  // The same with the lower end included.
  double number_from(const std::string& key, double fallback, double at_least, double at_most) const;
  std::string choice(const std::string& key, const std::string& fallback,
                     const std::vector<std::string>& allowed) const;
  bool flag(const std::string& key, bool fallback) const;  // yes | no

  const std::string& solver() const { return solver_; }
  std::string resolved() const;  // "dpm2,r=0.5"

 private:
  double parsed(const std::string& key, double fallback) const;
  [[noreturn]] void refuse(const std::string& key, double value, const std::string& expected) const;
  const std::string& remember(const std::string& key, const std::string& value) const;

  std::string solver_;
  std::map<std::string, std::string> given_;
  mutable std::map<std::string, std::string> read_;
};

}  // namespace farfield

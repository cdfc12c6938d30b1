#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace farfield {

// The bandwidth h of a kernel density at every noise level: one number, or a multiple of sigma.
class Bandwidth {
 public:
  static Bandwidth scaled(double factor) { return {factor, std::nullopt}; }
  static Bandwidth fixed(double h) { return {0, h}; }

  double at(double sigma) const { return fixed_ ? *fixed_ : factor_ * sigma; }
  // h = sigma: the mean shift of this bandwidth is the exact denoiser.
  bool is_sigma() const { return !fixed_ && factor_ == 1; }
  std::string text() const;  // as parse_bandwidth() takes it

 private:
  Bandwidth(double factor, std::optional<double> fixed) : factor_(factor), fixed_(fixed) {}

  double factor_;
  std::optional<double> fixed_;
};

// "sigma", "scaled,c=2" (h = 2 sigma), "0.5" (at every level), "none" (nothing). usage_error for anything else, and for
// numbers that are no noise levels.
std::optional<Bandwidth> parse_bandwidth(std::string_view text);

}  // namespace farfield

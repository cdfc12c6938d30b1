#pragma once

namespace farfield {

// The time t of a variance-preserving process with a linear beta: sigma(t)^2 + 1 = exp(beta_d t^2 / 2 + beta_min t)
// (Song et al. 2021; Karras et al. 2022, table 1). Kept as the exponent divided by t, which is linear in t and known at
// both ends: the fit is then exact there and free of cancellation between them.
class VpTime {
 public:
  static constexpr double kEnd = 1e-3;  // epsilon_s: t of sigma_min

  // The process with these constants; EDM's and k-diffusion's are 19.9 and 0.1.
  static VpTime from_betas(double beta_d, double beta_min, double end = kEnd);
  // The one with sigma(end) = sigma_min and sigma(1) = sigma_max. 0 < sigma_min < sigma_max.
  static VpTime fitted(double sigma_min, double sigma_max, double end = kEnd);

  double sigma(double t) const;     // t > 0
  double time(double sigma) const;  // its inverse, 0 at 0
  double beta_d() const { return 2 * (at_one_ - at_end_) / (1 - end_); }
  double beta_min() const { return at_one_ - beta_d() / 2; }

 private:
  VpTime(double at_end, double at_one, double end) : at_end_(at_end), at_one_(at_one), end_(end) {}

  double at_end_, at_one_;  // ln(sigma^2 + 1) / t at `end_` and at 1
  double end_;
};

}  // namespace farfield

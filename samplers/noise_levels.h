#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// How to choose the noise levels of N steps: N + 1 levels sigma_0 > ... > sigma_N.
struct NoiseLevelOptions {
  std::string schedule = "polynomial";  // one of schedule_names()
  int64_t steps = 18;                   // N, 1 to 100,000
  double sigma_min = 0.002;             // 0 <= sigma_min < sigma_max; logsnr: > 0. Default: EDM, table 1
  double sigma_max = 80;                // finite
  double rho = 7;                       // polynomial: in (0, 100]
  // "zero": N levels from sigma_max to sigma_min, then 0 (EDM); with one step, or with sigma_min = 0, the levels run
  // from sigma_max to 0 themselves. "sigma_min": N + 1 levels, the last is sigma_min (diff-sampler).
  std::string final = "zero";
  void validate() const;  // usage_error naming field, value and constraint
};

// The levels in double, computed from the index (no accumulation), strictly decreasing and finite; the first is
// sigma_max and the last positive one of more than one is sigma_min, exactly. usage_error where two levels would be
// the same double.
//   polynomial: (sigma_max^(1/rho) + i/n (sigma_min^(1/rho) - sigma_max^(1/rho)))^rho, Karras et al. 2022, eq. 5
//   logsnr:     exp(ln sigma_max + i/n (ln sigma_min - ln sigma_max)), uniform in the log of the signal-to-noise ratio
std::vector<double> noise_levels(const NoiseLevelOptions& options);

const std::vector<std::string>& schedule_names();
bool schedule_uses_rho(const std::string& schedule);  // usage_error for an unknown name

// usage_error that names the first duplicate, rising, negative or non-finite level and its index; also for fewer than
// two levels.
void check_levels(const std::vector<double>& levels);

// Levels written by hand, as they are: "80,10,1,0".
std::vector<double> parse_levels(std::string_view text);
// The same from a file of at most 1 MiB: one number a line (# starts a comment) or a JSON list. bad_file naming the line.
std::vector<double> read_levels(const std::filesystem::path& path);

}  // namespace farfield

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// How to choose the noise levels of N steps: N + 1 levels sigma_0 > ... > sigma_N. What is left out has the schedule's
// own default (samplers/schedules/schedule_registry.cpp); an option that the schedule does not use is refused.
struct NoiseLevelOptions {
  std::string schedule = "polynomial";   // one of schedule_names(), with constants where it has some: "vp,beta_d=18.5"
  int64_t steps = 18;                    // N, 1 to 100,000
  std::optional<double> sigma_min = {};  // 0 <= sigma_min < sigma_max; 0 only where the schedule reaches it
  std::optional<double> sigma_max = {};  // levels above 0 lie within core/limits.h, 1e-35 to 1e12
  std::optional<double> rho = {};        // 0.01 to 100
  std::optional<std::string> variant = {};  // the table of a schedule that has several
  // "zero": N levels from sigma_max to sigma_min, then 0 (EDM); with one step, or with sigma_min = 0, the levels run
  // from sigma_max to 0 themselves; ays: N + 1 levels with 0 in place of the last, as its tables are used. "sigma_min":
  // N + 1 levels, the last is sigma_min (diff-sampler).
  std::string final = "zero";
  void validate() const;  // usage_error naming field, value and constraint
};

// The levels in double, computed from the index (no accumulation), strictly decreasing and finite; the first is
// sigma_max and the last positive one of more than one is sigma_min, exactly, except that iddpm and ays end at the
// entries of their tables. usage_error naming the level where two are the same double, one rises above its predecessor
// (vp_uniform between levels too near each other), or one is not finite. Formulas: samplers/schedules/schedules.h.
std::vector<double> noise_levels(const NoiseLevelOptions& options);

// usage_error that names the first duplicate, rising, negative or non-finite level, or one outside core/limits.h, and its
// index; also for fewer than two levels or more than 100,001.
void check_levels(const std::vector<double>& levels);

// Levels written by hand, as they are: "80,10,1,0".
std::vector<double> parse_levels(std::string_view text);
// The same from a file of at most 1 MiB: one number a line (# starts a comment) or a JSON list. bad_file naming the
// line.
std::vector<double> read_levels(const std::filesystem::path& path);

}  // namespace farfield

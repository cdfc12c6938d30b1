#include "samplers/schedule_registry.h"

#include "core/error.h"
#include "core/text.h"
#include "samplers/vp_time.h"

namespace farfield {

const std::vector<ScheduleEntry>& schedule_table() {
  static const VpTime vp = VpTime::from_betas(19.9, 0.1);
  static const std::vector<ScheduleEntry> table = {
      {.name = "polynomial", .summary = "powers of a uniform grid, EDM's (Karras)", .level = polynomial_level,
       .sigma_min = 0.002, .sigma_max = 80, .rho = 7, .takes_rho = true, .reaches_zero = true},
      {.name = "logsnr", .summary = "uniform in ln sigma", .level = polyexponential_level,
       .sigma_min = 0.002, .sigma_max = 80},
      {.name = "vp_uniform", .summary = "powers of a uniform grid in VP time, diff-sampler's time_uniform",
       .level = vp_uniform_level, .sigma_min = 0.002, .sigma_max = 80, .takes_rho = true},
      {.name = "linear", .summary = "uniform in sigma", .level = polynomial_level,
       .sigma_min = 0.002, .sigma_max = 80, .reaches_zero = true},
      {.name = "quadratic", .summary = "uniform in the root of sigma", .level = polynomial_level,
       .sigma_min = 0.002, .sigma_max = 80, .rho = 2, .reaches_zero = true},
      {.name = "polyexponential", .summary = "powers of a uniform grid in ln sigma", .level = polyexponential_level,
       .sigma_min = 0.002, .sigma_max = 80, .takes_rho = true},
      {.name = "vp", .summary = "uniform in VP time over VP's own range", .level = vp_uniform_level,
       .sigma_min = vp.sigma(VpTime::kEnd), .sigma_max = vp.sigma(1)},
      {.name = "ve", .summary = "uniform in ln sigma over VE's own range", .level = polyexponential_level,
       .sigma_min = 0.02, .sigma_max = 100},
      {.name = "iddpm", .summary = "entries of iDDPM's table of 1000 levels", .level = iddpm_level,
       .sigma_min = 0.002, .sigma_max = 81, .own_ends = true},
      {.name = "discrete", .summary = "powers of a uniform grid in Stable Diffusion's 1000 training times",
       .level = discrete_level, .sigma_min = discrete_sigma(0.001), .sigma_max = discrete_sigma(1), .takes_rho = true},
      {.name = "ays", .summary = "Align Your Steps' tables for Stable Diffusion", .level = ays_level,
       .sigma_min = 0, .sigma_max = 0, .takes_range = false, .own_ends = true, .zero_replaces_last = true,
       .variants = {"sd15", "sdxl", "svd"}},
  };
  return table;
}

const std::vector<std::string>& schedule_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const auto& entry : schedule_table()) list.push_back(entry.name);
    return list;
  }();
  return names;
}

const ScheduleEntry& find_schedule(const std::string& name) {
  for (const auto& entry : schedule_table()) {
    if (entry.name == name) return entry;
  }
  throw usage_error(unknown_name("schedule", name, schedule_names()));
}

}  // namespace farfield

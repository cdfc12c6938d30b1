#include "samplers/schedules/schedule_registry.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/named_options.h"
#include "core/text.h"
#include "samplers/schedules/vp_time.h"

namespace farfield {
namespace {

constexpr double kBetaD = 19.9, kBetaMin = 0.1;  // EDM's

// Sets the range that the VP process of these constants has between eps_s and 1.
void set_constants(ScheduleEntry& entry, const std::map<std::string, std::string>& given) {
  std::map<std::string, double> values;
  for (const ScheduleConstant& constant : entry.constants) values[constant.key] = constant.value;
  for (const auto& [key, text] : given) {
    const auto constant = std::ranges::find(entry.constants, key, &ScheduleConstant::key);
    if (constant == entry.constants.end()) {
      std::vector<std::string> known;
      for (const ScheduleConstant& one : entry.constants) known.push_back(one.key);
      throw usage_error(fmt::format("schedule {}: {}", entry.name, unknown_name("option", key, known)));
    }
    const double value = parse_double(text, fmt::format("schedule {}, option {}", entry.name, key));
    if (!(value >= constant->low && value <= constant->high)) {
      throw usage_error(fmt::format("schedule {}, option {}: got {}, expected a number from {} to {}", entry.name, key,
                                    text, format_double(constant->low), format_double(constant->high)));
    }
    values[key] = value;
  }
  entry.vp_end = values.at("eps_s");
  const VpTime process = VpTime::from_betas(values.at("beta_d"), values.at("beta_min"), entry.vp_end);
  entry.sigma_min = process.sigma(entry.vp_end);
  entry.sigma_max = process.sigma(1);
  entry.takes_range = false;
}

}  // namespace

const std::vector<ScheduleEntry>& schedule_table() {
  static const VpTime vp = VpTime::from_betas(kBetaD, kBetaMin);
  static const std::vector<ScheduleEntry> table = {
      {.name = "polynomial",
       .summary = "powers of a uniform grid, EDM's (Karras)",
       .level = polynomial_level,
       .sigma_min = 0.002,
       .sigma_max = 80,
       .rho = 7,
       .takes_rho = true,
       .reaches_zero = true},
      {.name = "logsnr",
       .summary = "uniform in ln sigma",
       .level = polyexponential_level,
       .sigma_min = 0.002,
       .sigma_max = 80},
      {.name = "vp_uniform",
       .summary = "powers of a uniform grid in VP time, diff-sampler's time_uniform",
       .level = vp_uniform_level,
       .sigma_min = 0.002,
       .sigma_max = 80,
       .takes_rho = true},
      {.name = "linear",
       .summary = "uniform in sigma",
       .level = polynomial_level,
       .sigma_min = 0.002,
       .sigma_max = 80,
       .reaches_zero = true},
      {.name = "quadratic",
       .summary = "uniform in the root of sigma",
       .level = polynomial_level,
       .sigma_min = 0.002,
       .sigma_max = 80,
       .rho = 2,
       .reaches_zero = true},
      {.name = "quadratic_sigma",
       .summary = "quadratic in sigma itself, from sigma_min on",
       .level = quadratic_sigma_level,
       .sigma_min = 0.002,
       .sigma_max = 80,
       .reaches_zero = true},
      {.name = "polyexponential",
       .summary = "powers of a uniform grid in ln sigma",
       .level = polyexponential_level,
       .sigma_min = 0.002,
       .sigma_max = 80,
       .takes_rho = true},
      {.name = "vp",
       .summary = "uniform in VP time over VP's own range",
       .level = vp_uniform_level,
       .sigma_min = vp.sigma(VpTime::kEnd),
       .sigma_max = vp.sigma(1),
       .constants = {{"beta_d", kBetaD, 0, 100}, {"beta_min", kBetaMin, 0, 100}, {"eps_s", VpTime::kEnd, 1e-6, 0.5}}},
      {.name = "ve",
       .summary = "uniform in ln sigma over VE's own range",
       .level = polyexponential_level,
       .sigma_min = 0.02,
       .sigma_max = 100},
      {.name = "iddpm",
       .summary = "entries of iDDPM's table of 1000 levels",
       .level = iddpm_level,
       .sigma_min = 0.002,
       .sigma_max = 81,
       .own_ends = true},
      {.name = "discrete",
       .summary = "powers of a uniform grid in Stable Diffusion's 1000 training times",
       .level = discrete_level,
       .sigma_min = discrete_sigma(0.001),
       .sigma_max = discrete_sigma(1),
       .takes_rho = true},
      {.name = "ays",
       .summary = "Align Your Steps' tables for Stable Diffusion",
       .level = ays_level,
       .sigma_min = 0,
       .sigma_max = 0,
       .takes_range = false,
       .own_ends = true,
       .zero_replaces_last = true,
       .variants = {"sd15", "sdxl", "svd", "sd15_timesteps"}},
      {.name = "gits_sd15",
       .summary = "what GITS found for Stable Diffusion 1.5",
       .level = gits_sd15_level,
       .sigma_min = 0,
       .sigma_max = 0,
       .takes_range = false,
       .own_ends = true,
       .zero_replaces_last = true},
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

ScheduleEntry find_schedule(const std::string& text) {
  const NamedOptions named = parse_named_options("schedule", text);
  const auto row = std::ranges::find(schedule_table(), named.name, &ScheduleEntry::name);
  if (row == schedule_table().end()) throw usage_error(unknown_name("schedule", named.name, schedule_names()));
  ScheduleEntry entry = *row;
  if (named.options.empty()) return entry;
  if (entry.constants.empty()) {
    throw usage_error(fmt::format("schedule {}: takes no options, got {}; leave it out", entry.name, text));
  }
  set_constants(entry, named.options);
  return entry;
}

}  // namespace farfield

#include "samplers/model_levels.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "samplers/noise_levels.h"
#include "samplers/schedule_registry.h"

namespace farfield {
namespace {

constexpr std::string_view kFilePrefix = "file:";

void refuse_options(const ScheduleRequest& request) {
  const auto refuse = [](bool given, const std::string& option) {
    if (given) throw usage_error("noise levels: " + option + " does not apply to levels given one by one; leave it out");
  };
  refuse(request.steps.has_value(), "--steps");
  refuse(request.sigma_min.has_value(), "--sigma-min");
  refuse(request.sigma_max.has_value(), "--sigma-max");
  refuse(request.rho.has_value(), "--rho");
  refuse(request.variant.has_value(), "--variant");
  refuse(request.final.has_value(), "--final");
}

void check_range(const std::string& what, double sigma, const DenoiserInfo& model) {
  if (sigma >= model.sigma_min && sigma <= model.sigma_max) return;
  throw usage_error(fmt::format("noise levels: {} {} lies outside the range of {}, {} to {}", what,
                                format_double(sigma), model.name, format_double(model.sigma_min),
                                format_double(model.sigma_max)));
}

std::vector<double> levels_by_formula(const ScheduleRequest& request, const DenoiserInfo& model) {
  if (request.sigma_min && *request.sigma_min > 0) check_range("--sigma-min", *request.sigma_min, model);
  if (request.sigma_max) check_range("--sigma-max", *request.sigma_max, model);
  const ScheduleEntry& schedule = find_schedule(request.schedule);
  NoiseLevelOptions options{.schedule = request.schedule,
                            .sigma_min = request.sigma_min,
                            .sigma_max = request.sigma_max,
                            .rho = request.rho,
                            .variant = request.variant};
  options.steps = request.steps.value_or(options.steps);
  options.final = request.final.value_or(options.final);
  if (schedule.takes_range) {
    if (!options.sigma_min) options.sigma_min = std::max(schedule.sigma_min, model.sigma_min);
    if (!options.sigma_max) options.sigma_max = std::min(schedule.sigma_max, model.sigma_max);
  }
  return noise_levels(options);
}

}  // namespace

std::vector<double> resolve_levels(const ScheduleRequest& request, const DenoiserInfo& model) {
  const bool from_file = request.schedule.starts_with(kFilePrefix);
  if (from_file || !request.sigmas.empty()) refuse_options(request);
  const auto levels = !request.sigmas.empty() ? request.sigmas
                      : from_file             ? read_levels(request.schedule.substr(kFilePrefix.size()))
                                              : levels_by_formula(request, model);
  check_levels(levels);
  check_levels_for(model, levels);
  return levels;
}

void check_levels_for(const DenoiserInfo& model, const std::vector<double>& levels) {
  for (const double level : levels) {
    if (level > 0) check_range("level", level, model);
  }
}

}  // namespace farfield

#include "samplers/model_levels.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "samplers/schedules/gits_file.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/schedules/schedule_registry.h"
#include "samplers/solvers/table_file.h"

namespace farfield {
namespace {

constexpr std::string_view kFilePrefix = "file:", kGitsPrefix = "gits:", kTablePrefix = "table:";

void refuse_formula_options(const ScheduleRequest& request) {
  const auto refuse = [](bool given, const std::string& option) {
    if (given)
      throw usage_error("noise levels: " + option + " does not apply to levels given one by one; leave it out");
  };
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
  auto levels = noise_levels(options);
  if (!model.nearest_level) return levels;
  for (double& level : levels) {
    if (level > 0) level = model.nearest_level(level);
  }
  return levels;
}

// What gits:NAME names that is built in, unless there is a file of that name.
const GitsFile* built_in_search(const ScheduleRequest& request) {
  if (!request.schedule.starts_with(kGitsPrefix)) return nullptr;
  const std::string name = request.schedule.substr(kGitsPrefix.size());
  return std::filesystem::exists(name) ? nullptr : built_in_gits(name);
}

// A search that is built in, or a file of the same model.
GitsFile search_of(const ScheduleRequest& request) {
  if (const GitsFile* built_in = built_in_search(request)) return *built_in;
  const auto path = schedule_file(request);
  GitsFile file = read_gits(path);
  if (request.model_sha256.empty() || request.model_sha256 == file.model_sha256) return file;
  throw usage_error(
      fmt::format("{}: was searched for another model, {} (SHA-256 {:.12}..., not {:.12}...); search again",
                  path.string(), file.model, file.model_sha256, request.model_sha256));
}

// The schedule of request.steps steps.
std::vector<double> levels_of_search(const ScheduleRequest& request) {
  const GitsFile file = search_of(request);
  const std::string name = request.schedule.substr(kGitsPrefix.size());
  if (!request.steps) throw usage_error(name + ": holds several schedules; name one with --steps");
  return gits_levels(file, *request.steps, name);
}

// The levels of a table, which has one schedule.
std::vector<double> levels_of_table(const ScheduleRequest& request) {
  const auto path = schedule_file(request);
  const TableFile file = read_table(path);
  if (!request.model_sha256.empty() && !file.model_sha256.empty() && request.model_sha256 != file.model_sha256) {
    throw usage_error(
        fmt::format("{}: is a table for another model, {} (SHA-256 {:.12}..., not {:.12}...); fit one for this model",
                    path.string(), file.model, file.model_sha256, request.model_sha256));
  }
  const auto steps = static_cast<int64_t>(file.table.steps.size());
  if (request.steps.value_or(steps) != steps) {
    throw usage_error(fmt::format("{}: is a table of {} steps, asked for {}; leave --steps out", path.string(), steps,
                                  *request.steps));
  }
  return file.table.levels;
}

std::vector<double> asked_for(const ScheduleRequest& request, const DenoiserInfo& model) {
  const bool gits = request.schedule.starts_with(kGitsPrefix), listed = !request.sigmas.empty();
  if (!listed && is_formula(request.schedule)) return levels_by_formula(request, model);
  refuse_formula_options(request);
  if (gits && !listed) return levels_of_search(request);
  if (request.schedule.starts_with(kTablePrefix) && !listed) return levels_of_table(request);
  if (request.steps) throw usage_error("noise levels: --steps does not apply to levels given one by one; leave it out");
  return listed ? request.sigmas : read_levels(schedule_file(request));
}

}  // namespace

ScheduleRequest schedule_for(std::string_view solver, ScheduleRequest request) {
  const bool named = request.schedule != ScheduleRequest().schedule || !request.sigmas.empty();
  if (!named && solver.starts_with(kTablePrefix)) request.schedule = solver;
  return request;
}

bool names_model(const std::string& schedule) {
  return schedule.starts_with(kGitsPrefix) || schedule.starts_with(kTablePrefix);
}

bool is_formula(const std::string& schedule) { return !schedule.starts_with(kFilePrefix) && !names_model(schedule); }

std::filesystem::path schedule_file(const ScheduleRequest& request) {
  if (built_in_search(request) != nullptr) return {};
  for (const std::string_view prefix : {kFilePrefix, kGitsPrefix, kTablePrefix}) {
    if (request.schedule.starts_with(prefix)) return request.schedule.substr(prefix.size());
  }
  return {};
}

std::vector<double> resolve_levels(const ScheduleRequest& request, const DenoiserInfo& model) {
  auto levels = asked_for(request, model);
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

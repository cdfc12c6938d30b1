#include "samplers/schedules/noise_levels.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "samplers/schedules/schedule_registry.h"

namespace farfield {
namespace {

const std::string kLevelRange = fmt::format("a number from {} to {}", format_double(limits::kLowestSigma),
                                            format_double(limits::kHighestSigma));

bool is_level(double sigma) { return sigma == 0 || limits::is_sigma(sigma); }

// Every option resolved.
ScheduleRange range_of(const NoiseLevelOptions& options, const ScheduleEntry& schedule) {
  return {.sigma_min = options.sigma_min.value_or(schedule.sigma_min),
          .sigma_max = options.sigma_max.value_or(schedule.sigma_max),
          .rho = options.rho.value_or(schedule.rho),
          .variant = options.variant             ? std::string_view(*options.variant)
                     : schedule.variants.empty() ? std::string_view()
                                                 : std::string_view(schedule.variants.front()),
          .vp_end = schedule.vp_end};
}

// `count` levels from the first to the last, both included; the first alone when count is 1.
std::vector<double> down_to_the_last(const ScheduleEntry& schedule, const ScheduleRange& range, int64_t count) {
  std::vector<double> levels;
  const int64_t intervals = std::max<int64_t>(count - 1, 1);
  for (int64_t i = 0; i < count; ++i) levels.push_back(schedule.level(range, {i, intervals}));
  if (schedule.own_ends) return levels;
  levels.front() = range.sigma_max;
  if (count > 1) levels.back() = range.sigma_min;
  return levels;
}

void refuse_options_without_use(const NoiseLevelOptions& options, const ScheduleEntry& schedule) {
  const auto refuse = [&](bool given, const std::string& option) {
    if (!given) return;
    throw usage_error(
        fmt::format("noise levels: {} does not apply to the schedule {}; leave it out", option, schedule.name));
  };
  refuse(options.rho && !schedule.takes_rho, "--rho");
  refuse(options.sigma_min && !schedule.takes_range, "--sigma-min");
  refuse(options.sigma_max && !schedule.takes_range, "--sigma-max");
  refuse(options.variant && schedule.variants.empty(), "--variant");
}

}  // namespace

void NoiseLevelOptions::validate() const {
  const auto require = [](bool holds, const std::string& name, const std::string& value, const std::string& expected) {
    if (!holds) throw usage_error(fmt::format("noise levels: {} is {}, expected {}", name, value, expected));
  };
  const ScheduleEntry entry = find_schedule(schedule);
  refuse_options_without_use(*this, entry);
  require(steps >= 1 && steps <= limits::kMostSteps, "steps", std::to_string(steps), "1 to 100000");
  require(final == "zero" || final == "sigma_min", "final", "'" + final + "'", "zero or sigma_min");
  if (variant && std::find(entry.variants.begin(), entry.variants.end(), *variant) == entry.variants.end()) {
    throw usage_error("noise levels: " + unknown_name("variant", *variant, entry.variants));
  }
  const ScheduleRange range = range_of(*this, entry);
  require(range.rho >= 0.01 && range.rho <= 100, "rho", format_double(range.rho), "0.01 to 100");
  if (!entry.takes_range) return;
  require(is_level(range.sigma_max) && range.sigma_max > 0, "sigma_max", format_double(range.sigma_max), kLevelRange);
  require(is_level(range.sigma_min) && range.sigma_min < range.sigma_max, "sigma_min", format_double(range.sigma_min),
          "0 or " + kLevelRange + ", below sigma_max = " + format_double(range.sigma_max));
  require(range.sigma_min > 0 || entry.reaches_zero, "sigma_min", "0", "above 0 for the schedule " + schedule);
}

std::vector<double> noise_levels(const NoiseLevelOptions& options) {
  options.validate();
  const ScheduleEntry schedule = find_schedule(options.schedule);
  const ScheduleRange range = range_of(options, schedule);
  const bool ends_at_zero = options.final == "zero", reaches_zero = schedule.takes_range && range.sigma_min == 0;
  const bool appended = ends_at_zero && !reaches_zero && !schedule.zero_replaces_last;
  std::vector<double> levels = down_to_the_last(schedule, range, appended ? options.steps : options.steps + 1);
  if (appended) {
    levels.push_back(0);
  } else if (ends_at_zero) {
    levels.back() = 0;
  }
  check_levels(levels);
  return levels;
}

void check_levels(const std::vector<double>& levels) {
  if (levels.size() < 2) {
    throw usage_error(fmt::format("noise levels: got {} level(s), expected at least 2", levels.size()));
  }
  if (levels.size() > limits::kMostSteps + 1) {
    throw usage_error(
        fmt::format("noise levels: got {} levels, expected at most {}", levels.size(), limits::kMostSteps + 1));
  }
  for (size_t i = 0; i < levels.size(); ++i) {
    const auto refuse = [&](const std::string& why) {
      throw usage_error(fmt::format("noise levels: level {} (of 0 to {}) is {}, {}", i, levels.size() - 1,
                                    format_double(levels[i]), why));
    };
    if (!std::isfinite(levels[i])) refuse("expected a finite number");
    if (levels[i] < 0) refuse("expected 0 or more");
    if (!is_level(levels[i])) refuse("expected 0 or " + kLevelRange);
    if (i == 0) continue;
    if (levels[i] == levels[i - 1]) refuse("the same as the one before; levels must fall strictly");
    if (levels[i] > levels[i - 1]) refuse("above the one before, " + format_double(levels[i - 1]));
  }
}

}  // namespace farfield

#include "samplers/noise_levels.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

// A schedule is its value at `fraction` in (0, 1) of the way from sigma_max to sigma_min; the ends are exact.
struct Schedule {
  std::string name;
  double (*level)(const NoiseLevelOptions& options, double fraction);
  bool reaches_zero;  // sigma_min = 0 is allowed
  bool uses_rho;
};

double polynomial(const NoiseLevelOptions& options, double fraction) {
  const double high = std::pow(options.sigma_max, 1 / options.rho), low = std::pow(options.sigma_min, 1 / options.rho);
  return std::pow(high + fraction * (low - high), options.rho);
}

double logsnr(const NoiseLevelOptions& options, double fraction) {
  const double high = std::log(options.sigma_max), low = std::log(options.sigma_min);
  return std::exp(high + fraction * (low - high));
}

const std::vector<Schedule>& table() {
  static const std::vector<Schedule> schedules = {
      {"polynomial", polynomial, true, true},
      {"logsnr", logsnr, false, false},
  };
  return schedules;
}

const Schedule& find(const std::string& name) {
  for (const auto& schedule : table()) {
    if (schedule.name == name) return schedule;
  }
  throw usage_error(unknown_name("schedule", name, schedule_names()));
}

// `count` >= 2 levels from sigma_max to sigma_min, both included.
std::vector<double> down_to_sigma_min(const NoiseLevelOptions& options, int64_t count) {
  const Schedule& schedule = find(options.schedule);
  std::vector<double> levels;
  for (int64_t i = 0; i < count; ++i) {
    levels.push_back(schedule.level(options, static_cast<double>(i) / static_cast<double>(count - 1)));
  }
  levels.front() = options.sigma_max;
  levels.back() = options.sigma_min;
  return levels;
}

}  // namespace

void NoiseLevelOptions::validate() const {
  const auto require = [](bool holds, const std::string& name, const std::string& value, const std::string& expected) {
    if (!holds) throw usage_error(fmt::format("noise levels: {} is {}, expected {}", name, value, expected));
  };
  const bool reaches_zero = find(schedule).reaches_zero;
  require(steps >= 1 && steps <= 100'000, "steps", std::to_string(steps), "1 to 100000");
  require(sigma_max > 0 && std::isfinite(sigma_max), "sigma_max", format_double(sigma_max), "a finite number > 0");
  require(sigma_min >= 0 && sigma_min < sigma_max, "sigma_min", format_double(sigma_min),
          "a number from 0 to below sigma_max = " + format_double(sigma_max));
  require(sigma_min > 0 || reaches_zero, "sigma_min", "0", "above 0 for the schedule " + schedule);
  require(rho > 0 && rho <= 100, "rho", format_double(rho), "above 0, at most 100");
  require(final == "zero" || final == "sigma_min", "final", "'" + final + "'", "zero or sigma_min");
}

std::vector<double> noise_levels(const NoiseLevelOptions& options) {
  options.validate();
  const bool zero_appended = options.final == "zero" && options.sigma_min > 0;
  std::vector<double> levels;
  if (zero_appended && options.steps == 1) {
    levels = {options.sigma_max, 0};
  } else {
    levels = down_to_sigma_min(options, zero_appended ? options.steps : options.steps + 1);
    if (zero_appended) levels.push_back(0);
  }
  check_levels(levels);
  return levels;
}

bool schedule_uses_rho(const std::string& schedule) { return find(schedule).uses_rho; }

const std::vector<std::string>& schedule_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const auto& schedule : table()) list.push_back(schedule.name);
    return list;
  }();
  return names;
}

void check_levels(const std::vector<double>& levels) {
  if (levels.size() < 2) {
    throw usage_error(fmt::format("noise levels: got {} level(s), expected at least 2", levels.size()));
  }
  for (size_t i = 0; i < levels.size(); ++i) {
    const auto refuse = [&](const std::string& why) {
      throw usage_error(fmt::format("noise levels: level {} (of 0 to {}) is {}, {}", i, levels.size() - 1,
                                    format_double(levels[i]), why));
    };
    if (!std::isfinite(levels[i])) refuse("expected a finite number");
    if (levels[i] < 0) refuse("expected 0 or more");
    if (i == 0) continue;
    if (levels[i] == levels[i - 1]) refuse("the same as the one before; levels must fall strictly");
    if (levels[i] > levels[i - 1]) refuse("above the one before, " + format_double(levels[i - 1]));
  }
}

}  // namespace farfield

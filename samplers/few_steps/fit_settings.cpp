#include "samplers/few_steps/fit_settings.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {
namespace {

// What a method takes when nothing else is said.
struct MethodDefaults {
  std::string method, solver;
  double direction, time;
  int64_t iterations;
  double rate;
};

const std::vector<MethodDefaults>& method_defaults() {
  static const std::vector<MethodDefaults> table = {
      {"epd", "", 0.05, 0.05, 200, 0.2},
      {"amed", "amed", 0.01, 0, 200, 0.2},
      {"ld3", "ipndm3", 0, 0, 100, 0.05},
      {"s4s", "ipndm3", 0, 0, 100, 0.05},
  };
  return table;
}

const MethodDefaults& defaults_of(const std::string& method) {
  const auto row = std::ranges::find(method_defaults(), method, &MethodDefaults::method);
  if (row == method_defaults().end()) throw usage_error(unknown_name("method", method, fit_methods()));
  return *row;
}

void require_within(const char* name, double value, double low, double high) {
  if (value >= low && value <= high) return;
  throw usage_error(fmt::format("solver fit: {} is {}, expected {} to {}", name, format_double(value),
                                format_double(low), format_double(high)));
}

void refuse_for(const FitSettings& settings, bool given, const char* option, const char* methods) {
  if (!given) return;
  throw usage_error(
      fmt::format("solver fit: {} applies to {}, not to {}; leave it out", option, methods, settings.method));
}

int64_t evaluations_of_step(const FitSettings& settings) {
  if (settings.method == "epd") return 1 + settings.points;
  return settings.method == "amed" ? 2 : 1;
}

}  // namespace

const std::vector<std::string>& fit_methods() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const auto& row : method_defaults()) list.push_back(row.method);
    return list;
  }();
  return names;
}

FitSettings FitSettings::resolved() const {
  const MethodDefaults& own = defaults_of(method);
  const bool scaled = method == "epd" || method == "amed";
  refuse_for(*this, !scaled && (direction > 0 || time > 0), "a scale of direction or time", "epd and amed");
  refuse_for(*this, method == "epd" && !solver.empty(), "--solver", "amed, ld3 and s4s");
  FitSettings all = *this;
  if (all.solver.empty()) all.solver = own.solver;
  if (all.direction == -1) all.direction = own.direction;
  if (all.time == -1) all.time = own.time;
  if (all.iterations == 0) all.iterations = own.iterations;
  if (all.rate == 0) all.rate = own.rate;
  require_within("--points", static_cast<double>(all.points), 1, 8);
  require_within("--scale-direction", all.direction, 0, 0.5);
  require_within("--scale-time", all.time, 0, 0.5);
  require_within("--iterations", static_cast<double>(all.iterations), 1, 100'000);
  require_within("--batch", static_cast<double>(all.batch), 1, limits::kMostBatch);
  require_within("--rate", all.rate, 1e-6, 10);
  return all;
}

int64_t steps_of_fit(const FitSettings& settings, int64_t nfe) {
  const int64_t each = evaluations_of_step(settings), free = settings.afs ? 1 : 0;
  if ((nfe + free) % each == 0 && nfe >= 1) return (nfe + free) / each;
  const int64_t steps = std::max<int64_t>(1, (nfe + free) / each);
  throw usage_error(fmt::format("solver fit: --nfe {}: {} takes {} evaluations a step{}; ask for {} or {}", nfe,
                                settings.method, each, settings.afs ? " and one less with --afs" : "",
                                steps * each - free, (steps + 1) * each - free));
}

}  // namespace farfield

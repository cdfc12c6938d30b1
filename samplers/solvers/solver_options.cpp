#include "samplers/solvers/solver_options.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {

SolverOptions::SolverOptions(std::string solver, std::map<std::string, std::string> given)
    : solver_(std::move(solver)), given_(std::move(given)) {}

double SolverOptions::number(const std::string& key, double fallback, double above, double at_most) const {
  const double value = parsed(key, fallback);
  if (value > above && value <= at_most) return value;
  refuse(key, value, fmt::format("a number above {}, at most {}", format_double(above), format_double(at_most)));
}

double SolverOptions::number_from(const std::string& key, double fallback, double at_least, double at_most) const {
  const double value = parsed(key, fallback);
  if (value >= at_least && value <= at_most) return value;
  refuse(key, value, fmt::format("a number from {} to {}", format_double(at_least), format_double(at_most)));
}

std::string SolverOptions::choice(const std::string& key, const std::string& fallback,
                                  const std::vector<std::string>& allowed) const {
  const auto found = given_.find(key);
  const std::string& value = remember(key, found == given_.end() ? fallback : found->second);
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
  throw usage_error(fmt::format("solver {}: {}", solver_, unknown_name("value of " + key, value, allowed)));
}

bool SolverOptions::flag(const std::string& key, bool fallback) const {
  return choice(key, fallback ? "yes" : "no", {"yes", "no"}) == "yes";
}

std::string SolverOptions::resolved() const {
  std::string text = solver_;
  for (const auto& [key, value] : read_) text += fmt::format(",{}={}", key, value);
  return text;
}

double SolverOptions::parsed(const std::string& key, double fallback) const {
  const auto found = given_.find(key);
  const double value = found == given_.end() ? fallback
                                             : parse_double(found->second, "solver " + solver_ + ", option " + key);
  remember(key, format_double(value));
  return value;
}

void SolverOptions::refuse(const std::string& key, double value, const std::string& expected) const {
  throw usage_error(
      fmt::format("solver {}, option {}: got {}, expected {}", solver_, key, format_double(value), expected));
}

const std::string& SolverOptions::remember(const std::string& key, const std::string& value) const {
  return read_[key] = value;
}

}  // namespace farfield

#include "samplers/solver_registry.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "samplers/solvers.h"

namespace farfield {
namespace {

// For solvers without options.
template <class Make>
auto plain(Make make) {
  return [make](const SolverOptions&) { return make(); };
}

const SolverEntry& entry_of(const std::string& name) {
  for (const auto& entry : solver_table()) {
    if (entry.name == name) return entry;
  }
  throw usage_error(unknown_name("solver", name, solver_names()));
}

// The row of `text` and its options, checked against the row.
std::pair<const SolverEntry&, SolverOptions> look_up(std::string_view text) {
  SolverText parts = parse_solver_text(text);
  const SolverEntry& entry = entry_of(parts.name);
  for (const auto& [key, value] : parts.options) {
    if (std::find(entry.options.begin(), entry.options.end(), key) != entry.options.end()) continue;
    if (entry.options.empty()) {
      throw usage_error(fmt::format("solver {}: takes no options, got {}={}; leave it out", entry.name, key, value));
    }
    throw usage_error(fmt::format("solver {}: {}", entry.name, unknown_name("option", key, entry.options)));
  }
  return {entry, SolverOptions(entry.name, std::move(parts.options))};
}

}  // namespace

const std::vector<SolverEntry>& solver_table() {
  static const std::vector<SolverEntry> table = {
      {"euler", "Euler = DDIM; order 1, one evaluation a step", {}, plain(make_euler)},
      {"heun", "Heun, EDM's sampler; order 2, two evaluations a step, one in a step to 0", {}, plain(make_heun)},
  };
  return table;
}

std::vector<std::string> solver_names() {
  std::vector<std::string> names;
  for (const auto& entry : solver_table()) names.push_back(entry.name);
  return names;
}

std::string solver_help() {
  std::vector<std::string> lines;
  for (const auto& entry : solver_table()) {
    std::string form = entry.name;
    for (const auto& key : entry.options) form += fmt::format("[,{}=]", key);
    lines.push_back(fmt::format("  {}    {}", form, entry.summary));
  }
  return join(lines, "\n");
}

std::unique_ptr<const Solver> make_solver(std::string_view text) {
  const auto [entry, options] = look_up(text);
  return entry.make(options);
}

std::string resolve_solver(std::string_view text) {
  const auto [entry, options] = look_up(text);
  entry.make(options);
  return options.resolved();
}

}  // namespace farfield

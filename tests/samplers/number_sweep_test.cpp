// Every number that solvers, schedules, churn and files of levels take, with every hostile number in its place: it is taken,
// and the run is finite and quick, or it is a usage error (a bad file for a file). New rows and options join by themselves.
#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "core/io/file.h"
#include "samplers/churn.h"
#include "samplers/integrate.h"
#include "samplers/schedules/gits_file.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/schedules/schedule_registry.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/solvers/table_file.h"
#include "samplers/solvers/table_solver.h"
#include "samplers/table_of_solver.h"
#include "samplers/thresholding.h"
#include "tests/samplers/solver_variants.h"
#include "tests/support/hostile_numbers.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/toy_denoisers.h"

namespace farfield {
namespace {

using Sweep = test::NumberSweep;

void run(const Solver& solver, const std::vector<double>& levels, const IntegrateOptions& options = {}) {
  const auto x = test::toy_latents() * levels.front();
  IntegrateOptions all = options;
  all.brownian = test::quiet(x).brownian;
  all.noise = [&](int64_t) { return torch::ones_like(x); };
  integrate(solver, test::toy_two_modes(), x, levels, all);  // throws where a state is not finite
}

TEST(NumberSweep, options_of_solvers) {
  const test::ThreadCount one(1);
  Sweep sweep;
  const auto levels = noise_levels({.steps = 5});
  for (const auto& entry : solver_table()) {
    for (const auto& form : entry.options) {
      if (!form.ends_with('=')) continue;
      for (const auto& number : test::hostile_numbers()) {
        std::string text = entry.name + "," + form + number;
        if (form.starts_with("vp_")) text += ",schedule=vp";
        sweep(text, [&] { run(*make_solver(text), levels); });
      }
    }
  }
}

TEST(NumberSweep, constants_of_schedules) {
  Sweep sweep;
  for (const auto& entry : schedule_table()) {
    for (const auto& constant : entry.constants) {
      for (const auto& number : test::hostile_numbers()) {
        const auto text = fmt::format("{},{}={}", entry.name, constant.key, number);
        sweep(text, [&] { noise_levels({.schedule = text, .steps = 6}); });
      }
    }
  }
}

TEST(NumberSweep, ranges_of_schedules) {
  const test::ThreadCount one(1);
  Sweep sweep;
  const auto heun = make_solver("heun");
  for (const auto& entry : schedule_table()) {
    for (const auto& number : test::hostile_numbers()) {
      const double value = number.empty() ? 0 : std::strtod(number.c_str(), nullptr);
      const auto tried = [&](const char* field, NoiseLevelOptions options) {
        options.schedule = entry.name;
        sweep(fmt::format("{} {} = {}", entry.name, field, number), [&] { run(*heun, noise_levels(options)); });
      };
      tried("sigma_min", {.steps = 6, .sigma_min = value});
      tried("sigma_max", {.steps = 6, .sigma_max = value});
      tried("rho", {.steps = 6, .rho = value});
      const bool whole = std::abs(value) < 9.2e18;  // what a command line can pass on
      if (whole) tried("steps", {.steps = static_cast<int64_t>(value)});
    }
  }
}

TEST(NumberSweep, churn_thresholds_and_lists_of_levels) {
  const test::ThreadCount one(1);
  Sweep sweep;
  const auto euler = make_solver("euler");
  const auto levels = noise_levels({.steps = 5});
  for (const auto& number : test::hostile_numbers()) {
    for (const char* before : {"", "5,", "5,0.1,", "5,0.1,50,"}) {
      const auto text = before + number;
      sweep("churn " + text, [&] { run(*euler, levels, {.churn = parse_churn(text)}); });
    }
    for (const std::string& text : {number, "80," + number, number + ",1,0", "80," + number + ",0"}) {
      sweep("levels " + text, [&] { run(*euler, parse_levels(text)); });
    }
    sweep("threshold " + number, [&] {
      const double quantile = std::strtod(number.c_str(), nullptr);
      check_threshold(quantile);
      run(*euler, levels, {.threshold = quantile});
    });
  }
}

TEST(NumberSweep, files_of_levels) {
  const test::TempDir folder;
  Sweep sweep(ExitCode::kBadFile);
  for (const auto& text : test::with_hostile_numbers("[80, 10, 0]")) {
    std::ofstream(folder / "levels.json") << text;
    sweep(text, [&] { run(*make_solver("euler"), read_levels(folder / "levels.json")); });
  }
  for (const auto& number : test::hostile_numbers()) {
    std::ofstream(folder / "levels.txt") << "80\n" + number + "\n0\n";
    sweep("lines " + number, [&] { run(*make_solver("euler"), read_levels(folder / "levels.txt")); });
  }
}

TEST(NumberSweep, results_of_schedule_searches) {
  const test::TempDir folder;
  GitsFile file;
  file.model = "m", file.model_sha256 = std::string(64, 'a'), file.teacher = "heun", file.grid = "polynomial";
  file.metric = "dev", file.seeds = "0-3", file.precision = "fp32";
  file.levels = {80, 10, 1};
  file.schedules = {{1, {0, 2}, {80, 1}, 0.25}};
  file.costs = {{1, 2}, {3}};
  Sweep sweep(ExitCode::kBadFile);
  for (const auto& text : test::with_hostile_numbers(serialize_gits(file))) {
    write_file_atomically(folder / "gits.json", text);
    sweep(text, [&] { read_gits(folder / "gits.json"); });
  }
}

TEST(NumberSweep, solver_tables) {
  const std::vector<double> levels = {80, 1, 0.1};
  Sweep sweep(ExitCode::kBadFile);
  for (const char* solver : {"dpm2", "ipndm2"}) {
    const TableFile file{"by hand", "", "", table_of_solver(*make_solver(solver), levels, false)};
    for (const auto& text : test::with_hostile_numbers(serialize_table(file)))
      sweep(text, [&] { make_table_solver(parse_table(text, "table.json").table, "table"); });
  }
}

}  // namespace
}  // namespace farfield

// Solver tables: their files, the solver that runs them, and solvers written down as tables.
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/io/file.h"
#include "core/text.h"
#include "samplers/integrate.h"
#include "samplers/model_levels.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/solvers/table_file.h"
#include "samplers/solvers/table_solver.h"
#include "samplers/table_of_solver.h"
#include "tests/support/files.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

const std::vector<double> kLevels = {80, 12.5, 3, 0.7, 0.1, 0.002};

// A curved field with no symmetry.
Tensor curved(const Tensor& x, double sigma) { return torch::tanh(x / (1 + sigma)) + 0.1 * x / (1 + sigma * sigma); }

Tensor end_of(const Solver& solver, const std::vector<double>& levels, bool afs = false) {
  IntegrateOptions options;
  options.afs = afs;
  const Tensor x = torch::linspace(-1.5, 1, 12, torch::kFloat64).reshape({3, 4}) * levels.front();
  return integrate(solver, curved, x, levels, options).x;
}

TableFile example() {
  return {"example", "a \"model\"", std::string(64, 'a'), table_of_solver(*make_solver("dpm2"), kLevels, false)};
}

template <class Call>
std::string refusal(Call call, ExitCode code) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

TEST(SolverTables, SolversAsTablesAreTheSolvers) {
  for (const char* name : {"euler", "heun", "dpm2", "midpoint", "ralston", "ipndm3", "ipndm4", "lms4", "deis_tab3",
                           "dpmpp_2m", "dpmpp_3m", "dpmpp_2s", "res_multistep", "res_2s"}) {
    for (const double last : {0.002, 0.0}) {
      auto levels = kLevels;
      levels.back() = last;
      const auto solver = make_solver(name);
      for (const bool afs : {false, true}) {
        const auto table = make_table_solver(table_of_solver(*solver, levels, afs), "table");
        const Tensor expected = end_of(*solver, levels, afs), got = end_of(*table, levels);
        EXPECT_LT((got - expected).abs().max().item<double>(), 1e-10) << name << " " << last << " " << afs;
        EXPECT_EQ(count_evaluations(*table, levels), count_evaluations(*solver, levels) - (afs ? 1 : 0)) << name;
      }
    }
  }
}

TEST(SolverTables, WhatIsNoTableIsRefused) {
  for (const char* name : {"dopri5", "euler_ancestral", "rk4", "dpm_fast"}) {
    const std::string said = refusal([&] { table_of_solver(*make_solver(name), kLevels, false); }, ExitCode::kUsage);
    EXPECT_NE(said.find(name), std::string::npos) << said;
  }
}

TEST(SolverTables, AFileReadsBackToTheBit) {
  const test::TempDir folder;
  const auto path = folder.path() / "t.json";
  const TableFile file = example();
  write_file_atomically(path, serialize_table(file));
  const TableFile back = read_table(path);
  EXPECT_EQ(serialize_table(back), serialize_table(file));
  EXPECT_EQ(back.model, file.model);
  const auto solver = make_solver("table:" + path.string());
  EXPECT_TRUE(end_of(*solver, kLevels).equal(end_of(*make_table_solver(file.table, "t"), kLevels)));
  EXPECT_EQ(resolve_solver("table:" + path.string()), "table:" + path.string());
  EXPECT_TRUE(is_table_file(path));
}

TEST(SolverTables, DamagedFilesAreRefusedInALine) {
  const test::TempDir folder;
  const auto path = folder.path() / "t.json";
  const std::string whole = serialize_table(example());
  const auto refused = [&](const std::string& text) {
    write_file_atomically(path, text);
    EXPECT_FALSE(is_table_file(path));
    return refusal([&] { read_table(path); }, ExitCode::kBadFile);
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = whole;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return refused(text.replace(at, from.size(), to));
  };
  for (size_t length = 0; length + 3 < whole.size(); length += 97) refused(whole.substr(0, length));
  EXPECT_NE(with("farfield solver table 1", "farfield solver table 2").find("is no solver table"), std::string::npos);
  with("\"afs\": false", "\"afs\": 1");
  with("\"slope\"", "\"slopes\"");
  with("80", "-80");
  with("\"own\":", "\"owned\":");
  with("\"past\":[]", "\"past\":[1]");
  with("\"method\"", "\"more\": 1, \"method\"");
  with("\"state\":1", "\"state\":1e13");
  with("\"weight\":", "\"weight\":\"1\", \"w\":");
}

TEST(SolverTables, TablesTakeTheirOwnLevelsOnly) {
  const auto solver = make_table_solver(example().table, "table:t.json");
  for (const auto& levels : {std::vector<double>{80, 1, 0.002}, std::vector<double>{40, 12.5, 3, 0.7, 0.1, 0.002}}) {
    const std::string said = refusal([&] { end_of(*solver, levels); }, ExitCode::kUsage);
    EXPECT_NE(said.find("table:t.json: is a table of 5 steps from 80 to 0.002"), std::string::npos) << said;
  }
  IntegrateOptions churning;
  churning.churn = {10, 0, 100, 1};
  churning.noise = [](int64_t) { return torch::zeros({1, 1}); };
  refusal([&] { integrate(*solver, curved, torch::ones({1, 1}, torch::kFloat64), kLevels, churning); },
          ExitCode::kUsage);
}

TEST(SolverTables, AfsIsNotGivenTwice) {
  const auto solver = make_table_solver(table_of_solver(*make_solver("ipndm2"), kLevels, true), "table");
  const std::string said = refusal([&] { end_of(*solver, kLevels, true); }, ExitCode::kUsage);
  EXPECT_NE(said.find("leave --afs out"), std::string::npos) << said;
}

TEST(SolverTables, LevelsAreTheTablesUnlessOthersAreNamed) {
  const test::TempDir folder;
  const std::string text = "table:" + (folder.path() / "t.json").string();
  write_file_atomically(folder.path() / "t.json", serialize_table(example()));
  const DenoiserInfo model{.name = "m", .sample_shape = {1}};
  const auto levels = [&](ScheduleRequest request) { return resolve_levels(schedule_for(text, request), model); };
  EXPECT_EQ(levels({}), kLevels);
  EXPECT_EQ(levels({.steps = 5}), kLevels);
  EXPECT_EQ(levels({.schedule = "logsnr", .steps = 5}).size(), 6u);
  EXPECT_NE(refusal([&] { levels({.steps = 6}); }, ExitCode::kUsage).find("5 steps, asked for 6"), std::string::npos);
  refusal([&] { levels({.sigma_max = 40}); }, ExitCode::kUsage);
  refusal([&] { levels({.model_sha256 = std::string(64, 'b')}); }, ExitCode::kUsage);
}

}  // namespace
}  // namespace farfield

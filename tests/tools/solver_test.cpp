// `farfield solver fit` and `solver table` through the real program, and the tables in the commands that take a solver.
#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/io/npz.h"
#include "core/text.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using nlohmann::json;
using test::run_farfield;
using test::text_of;
using Arguments = std::vector<std::string>;

constexpr const char* kFitted = "gaussian:glyphs,size=8,count=64";

class SolverCommand : public testing::Test {
 protected:
  test::ProcessResult call(Arguments words, const Arguments& more = {}) const {
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--quiet", "--threads", "1"});
    return run_farfield(words, {}, folder.path().string());
  }
  void expect_ok(const Arguments& words, const Arguments& more = {}) const {
    const auto result = call(words, more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
  }
  // One line, and nothing left behind.
  void expect_mistake(const Arguments& words, const std::string& fragment, int code = 2) const {
    const auto result = call(words, {"--out", "new"});
    EXPECT_EQ(result.exit_code, code) << result.err;
    EXPECT_NE(result.err.find(fragment), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_FALSE(std::filesystem::exists(folder / "new"));
    EXPECT_FALSE(std::filesystem::exists(folder / "new.parts"));
  }
  test::TempDir folder;
};

const Arguments kFit = {"solver",       "fit", "--model", kFitted, "--seeds", "0-7", "--held-out",      "8-15",
                        "--iterations", "20",  "--nfe",   "6",     "--batch", "4",   "--teacher-steps", "24"};

Arguments with(Arguments words, const Arguments& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

double last_number(const std::string& csv, const std::string& column) {
  const auto header = split(csv.substr(0, csv.find('\n')), ',');
  const std::string line = csv.substr(csv.find('\n') + 1);
  size_t begin = 0;
  for (const auto& name : header) {
    if (name == column) return std::stod(line.substr(begin));
    const bool quoted = line[begin] == '"';
    begin = line.find(',', quoted ? line.find('"', begin + 1) : begin) + 1;
  }
  return -1;
}

TEST_F(SolverCommand, FittedTablesAreSampledAndStudied) {
  for (const std::string method : {"epd", "amed", "ld3", "s4s"}) {
    expect_ok(kFit, {"--method", method, "--out", method});
    const std::string csv = text_of(folder / method / "fit.csv");
    EXPECT_LE(last_number(csv, "rms"), last_number(csv, "start_rms")) << csv;
    const std::string table = "table:" + method + "/table-6.json";
    expect_ok({"sample", "--model", kFitted, "--seeds", "8-15", "--solver", table, "--out", "s" + method});
    const auto record = json::parse(text_of(folder / ("s" + method) / "run.json"));
    EXPECT_EQ(record.at("result").at("nfe_per_sample"), 6) << method;
    const auto x = read_npz(folder / ("s" + method) / "samples.npz").at("x");
    const auto ends = read_npz(folder / method / "teacher.npz").at("ends").narrow(0, 8, 8);
    EXPECT_NEAR((x - ends).square().mean().sqrt().item<double>(), last_number(csv, "rms"), 1e-9) << method;
  }
  expect_ok({"study", "--model", kFitted, "--nfe", "6", "--seeds", "0-3", "--solvers", "euler", "--solvers",
             "table:s4s/table-6.json", "--schedules", "polynomial", "--out", "study"});
  const std::string rows = text_of(folder / "study/study.csv");
  EXPECT_NE(rows.find("table:s4s/table-6.json,table:s4s/table-6.json,noise,6,6,"), std::string::npos) << rows;
  expect_ok({"sample", "--model", kFitted, "--seeds", "0-1", "--solver", "auto", "--nfe", "6", "--study",
             "study/study.json", "--out", "auto"});
  expect_ok({"compare", "--model", kFitted, "--references", "isotropic:glyphs,size=8,count=64", "--probes", "4",
             "--sigmas", "1", "--seeds", "0", "--solver", "table:epd/table-6.json", "--out", "compare"});
}

TEST_F(SolverCommand, ATeacherIsTakenFromAnEarlierFit) {
  expect_ok(kFit, {"--method", "epd", "--out", "one"});
  expect_ok(kFit, {"--method", "epd", "--ends", "one", "--out", "two"});
  for (const char* file : {"table-6.json", "updates.csv", "teacher.npz"})
    EXPECT_EQ(text_of(folder / "one" / file), text_of(folder / "two" / file)) << file;
  expect_mistake(with(kFit, {"--method", "ld3", "--ends", "one", "--teacher", "ipndm4"}), "(solver differs)");
  Arguments others = kFit;
  others[5] = "0-20";
  others[7] = "30-31";
  expect_mistake(with(others, {"--method", "ld3", "--ends", "one"}), "has no trajectory of seed 16");
}

TEST_F(SolverCommand, SearchedSchedulesBecomeTables) {
  expect_ok(
      {"schedule", "search", "--model", kFitted, "--nfe", "4", "--points", "9", "--warmup", "4", "--out", "g.json"});
  expect_ok({"solver", "table", "--solver", "ipndm4", "--schedule", "gits:g.json", "--steps", "4", "--model", kFitted,
             "--out", "t.json"});
  expect_ok({"sample", "--model", kFitted, "--seeds", "0-3", "--solver", "table:t.json", "--out", "a"});
  expect_ok({"sample", "--model", kFitted, "--seeds", "0-3", "--solver", "ipndm4", "--schedule", "gits:g.json",
             "--steps", "4", "--out", "b"});
  const auto a = read_npz(folder / "a/samples.npz").at("x"), b = read_npz(folder / "b/samples.npz").at("x");
  EXPECT_LT((a - b).abs().max().item<double>(), 1e-9);
  EXPECT_EQ(call({"solver", "table", "--steps", "4", "--out", "t.json"}).exit_code, 2);
  expect_ok({"solver", "table", "--schedule", "ays", "--steps", "10", "--out", "t.json", "--force"});
  EXPECT_EQ(call({"solver", "table", "--steps", "4", "--out", "g.json", "--force"}).exit_code, 2);
}

TEST_F(SolverCommand, MistakesAreALineAndLeaveNothing) {
  expect_ok({"solver", "table", "--solver", "ipndm2", "--steps", "4", "--model", kFitted, "--out", "t.json"});
  const Arguments sample = {"sample", "--model", kFitted, "--seeds", "0", "--solver", "table:t.json"};
  expect_mistake(with(sample, {"--steps", "5"}), "is a table of 4 steps, asked for 5");
  expect_mistake(with(sample, {"--schedule", "logsnr", "--steps", "4"}), "over other levels");
  expect_mistake(with(sample, {"--sigma-max", "40"}), "--sigma-max does not apply");
  expect_mistake(with(sample, {"--churn", "10,0,100,1"}), "takes no churn");
  expect_mistake({"sample", "--model", "gaussian:moons", "--seeds", "0", "--solver", "table:t.json"},
                 "is a table for another model");
  expect_mistake({"sample", "--model", kFitted, "--seeds", "0", "--solver", "table:none.json"}, "none.json", 5);
  test::put(folder / "bad.json", "{\"format\": \"farfield gits 1\"}");
  expect_mistake({"sample", "--model", kFitted, "--seeds", "0", "--solver", "table:bad.json"}, "is no solver table", 3);
  expect_mistake(with(kFit, {"--method", "edp"}), "epd");
  expect_mistake(with(kFit, {"--method", "epd", "--solver", "ipndm3"}), "--solver applies to amed, ld3 and s4s");
  expect_mistake(with(kFit, {"--method", "epd", "--final", "zero"}), "--final sigma_min");
  expect_mistake(with(kFit, {"--method", "epd", "--points", "3"}), "ask for 4 or 8");
  expect_mistake(with(kFit, {"--method", "ld3", "--steps", "6"}), "leave --steps out");
  expect_mistake(with(kFit, {"--method", "ld3", "--teacher", "dopri5"}), "chooses its own steps");
  Arguments exact = kFit;
  exact[3] = "delta:glyphs,size=8,count=64";
  expect_mistake(with(exact, {"--method", "epd"}), "has no gradient");
}

}  // namespace
}  // namespace farfield

// The frame every command shares, through the real program.
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::run_farfield;

TEST(CommandLine, HelpOpensWithExamplesAndVersionNamesTheLibraries) {
  const auto help = run_farfield({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_LT(help.out.find("Examples:"), help.out.find("Usage:"));
  const auto version = run_farfield({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_NE(version.out.find("LibTorch"), std::string::npos);
}

TEST(CommandLine, EveryCommandHasHelpWithAnExample) {
  for (const char* name :
       {"train", "sample",   "encode", "interpolate", "restore",    "schedule", "compare",    "sweep",   "dynamics",
        "field", "geometry", "theory", "deviation",   "likelihood", "features", "similarity", "quality", "neighbours",
        "modes", "symmetry", "fit",    "solver",      "data",       "inspect",  "doctor"}) {
    const auto help = run_farfield({name, "--help"});
    EXPECT_EQ(help.exit_code, 0) << name;
    EXPECT_NE(help.out.find(std::string("  farfield ") + name), std::string::npos) << name;
    EXPECT_EQ(help.err, "") << name;
  }
}

TEST(CommandLine, MistakesAreOneLineWithTheNearestName) {
  struct Row {
    std::vector<std::string> arguments;
    std::string fragment;
  };
  const std::vector<Row> rows = {
      {{"smaple"}, "did you mean 'sample'?"},
      {{"schedule", "serach", "--nfe", "3"}, "did you mean 'search'?"},
      {{"fit", "gausian"}, "did you mean 'gaussian'?"},
      {{"doctor", "--jsno"}, "did you mean '--json'?"},
      {{"sample", "--stpes=3"}, "did you mean '--steps'?"},
      {{}, "name one of: train, report, ema, sample, encode, interpolate, restore, schedule, study, solver, compare"},
      {{"data"}, "name one of: stats"},
      {{"doctor", "--threads", "many"}, "threads"},
      {{"doctor", "--threads", "-3"}, "--threads: got '-3', expected a whole number from 0 to 4096"},
  };
  for (const auto& row : rows) {
    const auto result = run_farfield(row.arguments);
    EXPECT_EQ(result.exit_code, 2) << row.fragment;
    EXPECT_EQ(result.out, "");
    EXPECT_NE(result.err.find(row.fragment), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

TEST(CommandLine, AFullStandardOutputIsAnInputOutputError) {
  for (const char* command : {" doctor", " --help"}) {
    const auto full = test::run_program({"bash", "-c", std::string(FARFIELD_BINARY) + command + " > /dev/full"});
    EXPECT_EQ(full.exit_code, 5) << command << ": " << full.err;
  }
}

TEST(CommandLine, NoColourCodesReachFilesAndDoctorSpeaksJson) {
  const auto result = run_farfield({"smaple"}, {"NO_COLOR=1", "TERM=dumb"});
  EXPECT_EQ(result.err.find('\x1b'), std::string::npos);
  const auto doctor = run_farfield({"doctor", "--json"});
  EXPECT_EQ(doctor.exit_code, 0);
  EXPECT_NE(doctor.out.find("\"libtorch\""), std::string::npos);
}

}  // namespace
}  // namespace farfield

// Files of released versions (tests/fixtures/VERSION) load for ever, and mean what they meant.
#include "core/io/npz.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

// A copy of the files of each version: commands may write into it.
class ReleasedFiles : public ::testing::TestWithParam<std::string> {
 protected:
  ReleasedFiles() {
    fs::copy(fs::path(FARFIELD_SOURCE_DIR) / "tests/fixtures" / GetParam(), folder.path(), fs::copy_options::recursive);
  }
  test::ProcessResult run(Arguments arguments) {
    arguments.insert(arguments.end(), {"--threads", "1"});
    return test::run_farfield(arguments, {}, folder.path().string());
  }
  void run_ok(const Arguments& arguments) {
    const auto result = run(arguments);
    EXPECT_EQ(result.exit_code, 0) << arguments.front() << " " << arguments[1] << ": " << result.err;
  }

  test::TempDir folder;
};

std::vector<std::string> versions() {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(fs::path(FARFIELD_SOURCE_DIR) / "tests/fixtures")) {
    if (entry.is_directory()) all.push_back(entry.path().filename().string());
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Versions, ReleasedFiles, testing::ValuesIn(versions()), [](const auto& version) {
  std::string name = "v" + version.param;
  std::ranges::replace(name, '.', '_');
  return name;
});

TEST_P(ReleasedFiles, NetworksGiveTheSamplesThatTheyGave) {
  for (const std::string samples : {"samples", "points"}) {
    const char* model = samples == "points" ? "run" : "network.safetensors";
    run_ok({"sample", "--model", model, "--seeds", "0-3", "--steps", "4", "--precision", "fp32", "--trajectory",
            "--out", "again", "--force"});
    const auto stored = read_npz(folder / (samples + "/samples.npz"));
    const auto now = read_npz(folder / "again/samples.npz");  // may hold more than it did, never less
    for (const auto& [name, array] : stored) {
      ASSERT_TRUE(now.contains(name)) << model << " " << name;
      const double allowed = name == "images" ? 1 : 1e-4;  // bytes may round another way
      EXPECT_LE((now.at(name).to(torch::kFloat64) - array.to(torch::kFloat64)).abs().max().item<double>(), allowed)
          << model << " " << name;
    }
  }
}

TEST_P(ReleasedFiles, AreReadByEveryCommandThatTakesThem) {
  for (const char* file :
       {"network.safetensors", "gaussian.safetensors", "mixture.safetensors",
        "run/states/state-000000000064.safetensors", "run/averages/power-0.05-000000000064.safetensors"}) {
    const auto result = test::run_farfield({"inspect", file}, {}, folder.path().string());
    EXPECT_EQ(result.exit_code, 0) << file << ": " << result.err;
  }
  const auto sample = [&](Arguments how, const std::string& out) {
    how.insert(how.begin(), "sample");
    how.insert(how.end(), {"--out", out});
    run_ok(how);
  };
  sample({"--model", "mixture.safetensors", "--seeds", "0-1", "--steps", "6", "--teleport", "5", "--gaussian",
          "gaussian.safetensors"},
         "a");
  sample({"--model", "network.safetensors", "--seeds", "0-1", "--schedule", "gits:gits.json", "--steps", "3",
          "--solver", "ipndm4"},
         "b");
  sample({"--model", "network.safetensors", "--latents", "latents/latents.npz", "--steps", "4", "--final", "sigma_min"},
         "c");
  sample({"--model", "mixture.safetensors", "--seeds", "0-1", "--solver", "auto", "--nfe", "4", "--study",
          "study/study.json"},
         "d");
  sample({"--model", "delta:samples/samples.npz", "--seeds", "0-1", "--steps", "3"}, "e");
  run_ok({"interpolate", "--model", "network.safetensors", "--latents", "latents/latents.npz", "--class", "3",
          "--frames", "2", "--steps", "3", "--out", "f"});
  run_ok({"compare", "--model", "network.safetensors", "--data", "glyphs,size=8,count=64", "--references",
          "gaussian.safetensors", "--sigmas", "1", "--probes", "2", "--seeds", "0", "--steps", "3", "--with", "samples",
          "--out", "g"});
}

TEST_P(ReleasedFiles, ATrainingRunGoesOnIsReportedAndAveragedAnew) {
  run_ok({"train", "--config", "run/config.yaml", "--set", "run.images=96", "--out", "run", "--resume"});
  EXPECT_TRUE(fs::exists(folder / "run/states/state-000000000096.safetensors"));
  run_ok({"ema", "--run", "run", "--sigma-rel", "0.07", "--out", "e.safetensors"});
  run_ok({"train", "--config", "config.yaml", "--init", "run", "--set", "run.images=16", "--out", "tuned"});
  const auto report = test::run_farfield({"report", "run", "--out", "page"}, {}, folder.path().string());
  EXPECT_EQ(report.exit_code, 0) << report.err;
}

// Their run.json says what may be replaced.
TEST_P(ReleasedFiles, OutputsAreReplacedByTheirOwnCommand) {
  run_ok({"sample", "--model", "mixture.safetensors", "--seeds", "0", "--steps", "1", "--out", "samples", "--force"});
  run_ok({"interpolate", "--model", "mixture.safetensors", "--seeds", "0,1", "--frames", "2", "--steps", "1", "--out",
          "strip", "--force"});
  run_ok({"fit", "gaussian", "--data", "moons,count=8", "--out", "gaussian.safetensors", "--force"});
  const auto refused = run(
      {"encode", "--model", "mixture.safetensors", "--data", "glyphs,size=8,count=1", "--out", "samples", "--force"});
  EXPECT_EQ(refused.exit_code, 2) << refused.err;
}

}  // namespace
}  // namespace farfield

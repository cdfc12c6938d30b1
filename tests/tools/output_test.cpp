// What --force, --replace-run and --out may take the place of, over every command that writes.
#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;
using test::put;
using test::text_of;

// Name and content of everything below `folder`.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    all[entry.path().lexically_relative(folder).string()] = entry.is_regular_file() ? text_of(entry.path()) : "";
  }
  return all;
}

Arguments joined(Arguments first, const Arguments& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

class Outputs : public ::testing::Test {
 protected:
  void SetUp() override {
    put(folder / "c.yaml",
        "data: {source: \"moons,count=64\"}\nnetwork: {model_type: PointMlp, label_dim: 0}\n"
        "run: {images: 16, batch: 8, tick_images: 8, preview_images: 0, snapshot_images: 8, state_images: 8}\n");
    run_ok({"train", "--config", "c.yaml", "--out", "run"});
  }
  test::ProcessResult run(const Arguments& arguments) {
    return test::run_farfield(joined(arguments, {"--quiet"}), {}, folder.path().string());
  }
  void run_ok(const Arguments& arguments) {
    const auto result = run(arguments);
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  // The command is refused, says why in one line, and changes nothing.
  void expect_refused(const Arguments& arguments, const std::string& fragment) {
    const auto before = contents(folder.path());
    const auto result = run(arguments);
    EXPECT_EQ(result.exit_code, 2) << arguments.front() << ": " << result.err;
    EXPECT_NE(result.err.find(fragment), std::string::npos) << arguments.front() << ": " << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_TRUE(contents(folder.path()) == before) << arguments.front() << " changed something: " << result.err;
  }

  test::TempDir folder;
};

const Arguments kSample = {"sample", "--model", "delta:moons,count=8", "--seeds", "0-7", "--steps", "2"};

TEST_F(Outputs, NoCommandReplacesATrainingRunOrItsOwnInput) {
  const std::vector<Arguments> commands = {
      kSample,
      {"sample", "--model", "run", "--seeds", "0", "--steps", "1"},
      {"encode", "--model", "delta:moons,count=8", "--data", "moons,first=2", "--steps", "2"},
      {"interpolate", "--model", "delta:moons,count=8", "--seeds", "0,1", "--steps", "2"},
      {"compare", "--model", "delta:moons,count=8", "--references", "delta:moons,count=9", "--probes", "2", "--sigmas",
       "1", "--seeds", "0"},
      {"study", "--model", "delta:moons,count=8", "--nfe", "3", "--seeds", "0-1", "--solvers", "euler", "--schedules",
       "polynomial"},
      {"restore", "--model", "delta:moons,count=8", "--degrade", "moons,count=2", "--steps", "2"},
      {"schedule", "ablate", "--model", "delta:moons,count=8", "--vary", "gamma=1", "--repeats", "1", "--test-seeds",
       "2", "--nfe", "2", "--points", "4", "--warmup", "2"},
      {"solver", "fit", "--method", "epd", "--model", "gaussian:moons,count=8", "--nfe", "3", "--seeds", "0",
       "--held-out", "1", "--iterations", "1"},
      {"sweep", "--model", "delta:moons,count=8", "--data", "moons,count=8", "--components", "1", "--sigmas", "1"},
      {"dynamics", "--run", "run", "--data", "moons,count=8", "--references", "mean"},
      {"field", "--model", "delta:moons,count=8", "--data", "moons,count=8", "--references", "mean"},
      {"geometry", "--model", "delta:moons,count=8", "--seeds", "0", "--steps", "2"},
      {"theory", "--lambda", "1"},
      {"deviation", "--model", "delta:moons,count=8", "--data", "moons,count=8", "--seeds", "0", "--steps", "2"},
      {"features", "--data", "moons,count=8", "--features", "pixels"},
      {"similarity", "moons,count=8", "moons,count=8,seed=1"},
      {"quality", "--samples", "moons,count=8", "--reference", "moons,count=8,seed=1"},
      {"likelihood", "--model", "delta:moons,count=8", "--data", "moons,count=8", "--references", "delta"},
      {"neighbours", "--samples", "moons,count=2", "--data", "moons,count=8"},
      {"modes", "--data", "moons,count=8", "--bandwidth", "1"},
      {"symmetry", "--levels", "4"},
      {"report", "run"},
  };
  for (const auto& command : commands) {
    const bool reads = command[1] == "run" || (command.size() > 2 && command[2] == "run");
    expect_refused(joined(command, {"--out", "run", "--force"}), reads ? "this call reads" : "is a training run");
  }
  expect_refused({"schedule", "search", "--model", "delta:moons,count=8", "--nfe", "3", "--seeds", "0-1", "--points",
                  "5", "--out", "g.json", "--report", "run", "--force"},
                 "is a training run");
}

TEST_F(Outputs, OnlyAFinishedOutputOfTheSameCommandIsReplaced) {
  run_ok(joined(kSample, {"--out", "s"}));
  run_ok(joined(kSample, {"--out", "s", "--force"}));
  const auto record = nlohmann::json::parse(text_of(folder / "s/run.json"));
  EXPECT_EQ(record.at("kind"), "sample");
  for (const auto& file : record.at("files")) {
    EXPECT_EQ(fs::file_size(folder / ("s/" + file.at("name").get<std::string>())), file.at("bytes").get<uint64_t>());
  }
  EXPECT_EQ(record.at("files").size(), 2u);
  expect_refused(joined(kSample, {"--out", "s"}), "--force");
  expect_refused({"encode", "--model", "delta:moons,count=8", "--data", "moons,first=2", "--out", "s", "--force"},
                 "farfield sample");
  expect_refused({"train", "--config", "c.yaml", "--set", "data.source=s/samples.npz", "--out", "s", "--force"},
                 "no run folder");
  expect_refused({"train", "--config", "c.yaml", "--set", "data.source=s/samples.npz", "--out", "s", "--replace-run"},
                 "no run folder");
  expect_refused({"sample", "--model", "delta:s/samples.npz", "--seeds", "0", "--steps", "1", "--out", "s", "--force"},
                 "this call reads");
  put(folder / "s/notes.txt", "thesis");
  expect_refused(joined(kSample, {"--out", "s", "--force"}), "'notes.txt'");
  fs::remove(folder / "s/notes.txt");
  fs::create_directory_symlink("s", folder / "link");
  expect_refused(joined(kSample, {"--out", "link", "--force"}), "is a link");
}

TEST_F(Outputs, ATrainingRunIsReplacedByItsOwnFlagAlone) {
  const auto train = [](const Arguments& more) {
    return joined({"train", "--config", "c.yaml", "--out", "run"}, more);
  };
  expect_refused(train({}), "--replace-run");
  expect_refused(train({"--force"}), "--replace-run");
  put(folder / "run/notes.txt", "thesis");
  expect_refused(train({"--replace-run"}), "'notes.txt'");
  fs::remove(folder / "run/notes.txt");
  expect_refused({"train", "--config", "run/config.yaml", "--out", "run", "--replace-run"}, "this call reads");
  put(folder / "run/nonfinite-000000000008.npz", "x");
  run_ok(train({"--replace-run"}));
  EXPECT_FALSE(fs::exists(folder / "run/nonfinite-000000000008.npz")) << "the earlier run is gone";
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    EXPECT_FALSE(entry.path().filename().string().starts_with(".run.")) << entry.path();
  }
}

TEST_F(Outputs, AFolderWithNothingSavedIsTakenAgain) {
  for (const Arguments& how : {Arguments{}, Arguments{"--resume"}, Arguments{"--force"}, Arguments{"--replace-run"}}) {
    for (const bool begun : {false, true}) {
      fs::remove_all(folder / "killed");
      fs::create_directories(folder / "killed/states");
      put(folder / "killed/run.json.tmp.999999999", "{");
      if (begun) put(folder / "killed/run.json", "{\"kind\": \"train\"}");
      run_ok(joined({"train", "--config", "c.yaml", "--out", "killed"}, how));
      EXPECT_TRUE(fs::exists(folder / "killed/checkpoints.json"));
      EXPECT_FALSE(fs::exists(folder / "killed/run.json.tmp.999999999"));
    }
  }
}

TEST_F(Outputs, AFileIsReplacedByItsOwnKindAlone) {
  const auto fit = [](const std::string& out) {
    return Arguments{"fit", "gaussian", "--data", "moons,count=8", "--out", out, "--force"};
  };
  const auto search = [](const std::string& out) {
    return Arguments{
        "schedule", "search", "--model", "delta:moons,count=8", "--nfe", "3", "--seeds", "0-1", "--points", "5",
        "--out",    out,      "--force"};
  };
  run_ok(fit("g.safetensors"));
  run_ok(fit("g.safetensors"));
  run_ok(search("g.json"));
  run_ok(search("g.json"));
  expect_refused(fit("g.json"), "is not a fitted reference");
  expect_refused(search("g.safetensors"), "is not a result of farfield schedule search");
  expect_refused(fit("c.yaml"), "is not a fitted reference");
  const std::string snapshot = "run/snapshots/snapshot-000000000016.safetensors";
  ASSERT_TRUE(fs::exists(folder / snapshot));
  expect_refused(fit(snapshot), "belongs to the training run");
}

TEST(WorkingFolder, ThatWasDeletedIsAnInputOutputError) {
  test::TempDir folder;
  const auto result = test::run_program(
      {"sh", "-c", "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" doctor", test::farfield_command({}).front()},
      {}, folder.path().string());
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_EQ(result.err, "error: the working folder was deleted; change to one that is there\n");
}

}  // namespace
}  // namespace farfield

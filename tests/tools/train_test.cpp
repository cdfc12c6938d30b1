// `farfield train` through the real program: what is left behind after an end, a signal, a kill, a mistake.
#include <csignal>
#include <random>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "core/io/file.h"
#include "core/io/safetensors.h"
#include "core/text.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using test::run_farfield;

// A network of seconds, from the tiny config.
std::vector<std::string> tiny_run(const fs::path& out, const std::vector<std::string>& settings = {}) {
  std::vector<std::string> command = {
      "train",     "--config", std::string(FARFIELD_SOURCE_DIR) + "/configs/train/tiny.yaml", "--out", out.string(),
      "--threads", "1"};
  for (const auto& setting : settings) command.insert(command.end(), {"--set", setting});
  return command;
}

const std::vector<std::string> kSmall = {
    "data.source=glyphs,count=64", "network.model_channels=8", "run.batch=8", "run.images=64",
    "run.state_images=16",         "run.preview_images=0"};

std::vector<std::string> small_run(const fs::path& out, const std::vector<std::string>& settings = {}) {
  auto all = kSmall;
  all.insert(all.end(), settings.begin(), settings.end());
  return tiny_run(out, all);
}

nlohmann::json manifest_of(const fs::path& run) {
  return nlohmann::json::parse(read_file(run / "checkpoints.json", 1 << 20));
}

// The newest state by the manifest, its hash checked.
TensorFile newest_state(const fs::path& run) {
  const auto entry = manifest_of(run)["states"].back();
  const fs::path path = run / entry["file"].get<std::string>();
  EXPECT_EQ(sha256_file(path), entry["sha256"].get<std::string>()) << path;
  return read_safetensors(path);
}

TEST(TrainCommand, TheTinyConfigRunsAndLeavesAWholeRun) {
  test::TempDir folder;
  const fs::path run = folder / "run";
  const auto result = run_farfield(tiny_run(run, {"run.images=128", "run.preview_images=64", "run.tick_images=64"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, run.string() + "\n");
  for (const char* file : {"config.yaml", "run.json", "log.jsonl", "checkpoints.json",
                           "states/state-000000000128.safetensors", "snapshots/snapshot-000000000128.safetensors",
                           "previews/preview-000000000064.png", "previews/preview-000000000128.png"}) {
    EXPECT_TRUE(fs::exists(run / file)) << file;
  }
  const auto info = nlohmann::json::parse(read_file(run / "run.json", 1 << 20));
  EXPECT_EQ(info["images"], 128);
  EXPECT_EQ(newest_state(run).metadata.at("images"), "128");
}

TEST(TrainCommand, ResumeEndsWithTheSameBytesAsOneRun) {
  test::TempDir folder;
  ASSERT_EQ(run_farfield(small_run(folder / "whole")).exit_code, 0);
  ASSERT_EQ(run_farfield(small_run(folder / "parts", {"run.images=24"})).exit_code, 0);
  auto resume = small_run(folder / "parts");
  resume.push_back("--resume");
  const auto resumed = run_farfield(resume);
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("resuming after 24 images"), std::string::npos) << resumed.err;
  EXPECT_EQ(manifest_of(folder / "parts")["snapshots"].back()["sha256"],
            manifest_of(folder / "whole")["snapshots"].back()["sha256"]);
}

TEST(TrainCommand, MistakesLeaveNothingBehind) {
  test::TempDir folder;
  struct Row {
    std::vector<std::string> settings;
    std::string fragment;
    int code;
  };
  const std::vector<Row> rows = {
      {{"run.bacth=8"}, "did you mean 'batch'", 2},
      {{"optimiser.learning_rate=-1"}, "optimiser.learning_rate", 2},
      {{"data.source=gliphs"}, "did you mean 'glyphs'", 2},
      {{"data.source=mnist:/nowhere"}, "/nowhere", 5},
      {{"network.channel_mult=[1,2,2,2,2,2]"}, "resolution", 2},
      {{"run.micro_batch=3"}, "run.micro_batch is 3; expected 0 or a divisor of run.batch = 8", 2},
      {{"network.label_dim=7"}, "network.label_dim is 7, but the data", 2},
      {{"run.batch=65"}, "has 64 samples; run.batch = 65 needs at least as many", 2},
      {{"preconditioning.name=vp"}, "loss.noise = lognormal has levels from 0 to inf", 2},
      {{"probes.images=8", "probes.references=gausian"}, "did you mean 'gaussian'", 2},
  };
  for (const auto& row : rows) {
    const auto result = run_farfield(small_run(folder / "run", row.settings));
    EXPECT_EQ(result.exit_code, row.code) << result.err;
    EXPECT_NE(result.err.find(row.fragment), std::string::npos) << result.err;
    EXPECT_FALSE(fs::exists(folder / "run")) << row.fragment;
  }
}

// Waits until `condition` holds or the program ends; false after a minute.
template <class Condition>
bool wait_for(test::RunningProgram& program, Condition condition) {
  for (int i = 0; i < 12000 && program.running(); ++i) {
    if (condition()) return true;
    usleep(5000);
  }
  return condition();
}

int64_t saved_images(const fs::path& run) {
  if (!fs::exists(run / "checkpoints.json")) return 0;
  const auto states = manifest_of(run)["states"];
  return states.empty() ? 0 : states.back()["images"].get<int64_t>();
}

// The images of the newest whole line of the log.
int64_t logged_images(const fs::path& run) {
  const std::string log = read_file(run / "log.jsonl", 1 << 24);
  const auto lines = split(log.substr(0, log.rfind('\n') == std::string::npos ? 0 : log.rfind('\n')), '\n');
  return lines.empty() ? 0 : nlohmann::json::parse(lines.back())["images"].get<int64_t>();
}

// T17: SIGTERM while the run trains, draws a preview, looks at its probes, saves. Each phase is made the longest one.
TEST(TrainCommand, ASignalInAnyPhaseSavesAndExitsWithSeven) {
  struct Phase {
    std::string name;
    std::vector<std::string> settings;
    std::string marker;  // appears when the phase is near
    int64_t batch = 8;
  };
  const std::vector<Phase> phases = {
      {"train", {"run.batch=64", "run.micro_batch=8"}, "log.jsonl", 64},
      {"preview", {"run.preview_images=8"}, "previews"},
      {"probe", {"probes.images=8", "probes.count=512", "probes.references=isotropic"}, "log.jsonl"},
      {"save", {"run.state_images=8", "run.snapshot_images=8"}, "log.jsonl"},
  };
  std::minstd_rand random(3);
  for (const auto& phase : phases) {
    test::TempDir folder;
    auto settings = phase.settings;
    settings.insert(settings.end(), {"run.images=1000000", "run.tick_images=8"});
    test::RunningProgram program(test::farfield_command(small_run(folder / "run", settings)));
    ASSERT_TRUE(wait_for(program, [&] { return fs::exists(folder / "run" / phase.marker); })) << phase.name;
    usleep(random() % 400'000);
    const int64_t logged = logged_images(folder / "run");
    program.signal(SIGTERM);
    const auto result = program.result();
    EXPECT_EQ(result.exit_code, 7) << phase.name << ": " << result.err;
    EXPECT_NE(result.err.find("the state is saved"), std::string::npos) << phase.name << ": " << result.err;
    const auto state = newest_state(folder / "run");
    EXPECT_NE(result.err.find("after " + state.metadata.at("images") + " of"), std::string::npos) << result.err;
    // The step under way, and one more if it ended while this process slept.
    EXPECT_LE(std::stoll(state.metadata.at("images")), logged + 3 * phase.batch) << phase.name;
  }
}

int64_t kills() {
  const char* given = std::getenv("FARFIELD_KILLS");
  return given == nullptr ? 6 : parse_int(given, "FARFIELD_KILLS");
}

// T1 through the real program: kill -9 at random moments of a run that saves every step, half of them while it starts or
// resumes. It always goes on from there, and ends with the bytes of a run that nobody killed. FARFIELD_KILLS: how often.
TEST(TrainCommand, KilledAtAnyMomentItGoesOnFromAWholeState) {
  test::TempDir folder;
  const fs::path run = folder / "run";
  const auto command = [](const fs::path& out, int64_t images, bool resume) {
    auto words = small_run(out, {fmt::format("run.images={}", images), "run.state_images=8", "run.snapshot_images=8"});
    if (resume) words.push_back("--resume");
    return words;
  };
  std::minstd_rand random(11);
  const int64_t trials = kills();
  for (int64_t trial = 0; trial < trials; ++trial) {
    const int64_t before = saved_images(run);
    test::RunningProgram program(test::farfield_command(command(run, 1'000'000, trial > 0)));
    const bool starting = trial % 2 == 1;
    if (!starting) {
      ASSERT_TRUE(wait_for(program, [&] { return saved_images(run) > before; })) << program.result().err;
    }
    usleep(random() % (starting ? 1'000'000 : 200'000));
    program.signal(SIGKILL);
    const auto result = program.result();
    ASSERT_EQ(result.exit_code, 128 + SIGKILL) << "kill " << trial << ": " << result.err;
    const TensorFile state = newest_state(run);  // its hash is compared
    ASSERT_EQ(state.metadata.at("images"), std::to_string(saved_images(run))) << "kill " << trial;
    ASSERT_GE(saved_images(run), before) << "kill " << trial;
  }
  const int64_t images = saved_images(run) + 16;
  const auto last = run_farfield(command(run, images, true)),
             whole = run_farfield(command(folder / "whole", images, false));
  ASSERT_EQ(last.exit_code, 0) << last.err;
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const TensorFile expected = newest_state(folder / "whole"), got = newest_state(run);
  EXPECT_EQ(got.metadata.at("images"), std::to_string(images));
  ASSERT_EQ(got.tensors.size(), expected.tensors.size());
  for (const auto& [name, tensor] : expected.tensors) EXPECT_TRUE(torch::equal(got.tensors.at(name), tensor)) << name;
  EXPECT_EQ(manifest_of(run)["snapshots"].back()["sha256"],
            manifest_of(folder / "whole")["snapshots"].back()["sha256"]);
}

TEST(TrainCommand, WarnsWhenSigmaDataIsNotThatOfTheData) {
  test::TempDir folder;
  const auto wrong = run_farfield(small_run(folder / "wrong", {"run.images=8", "preconditioning.sigma_data=0.5"}));
  EXPECT_NE(wrong.err.find("preconditioning.sigma_data is 0.5, but the standard deviation of the data"),
            std::string::npos)
      << wrong.err;
  const auto right = run_farfield(small_run(folder / "right", {"run.images=8"}));
  EXPECT_EQ(right.err.find("sigma_data"), std::string::npos) << right.err;
}

// What the exact score leaves unexplained of the network's falls with training at every noise level.
TEST(TrainCommand, TheNetworkComesNearerToTheExactScoreAtEveryNoiseLevel) {
  test::TempDir folder;
  const auto trained = run_farfield(tiny_run(
      folder / "run", {"data.source=glyphs,size=8,count=256", "network.label_dim=0", "network.model_channels=8",
                       "network.dropout=0", "optimiser.learning_rate=0.005", "run.batch=16", "run.images=3200",
                       "run.preview_images=0", "run.precision=fp32", "probes.images=1600", "probes.references=delta"}));
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  std::vector<std::vector<double>> residuals;
  for (const auto& line : split(read_file(folder / "run/probes.jsonl", 1 << 20), '\n')) {
    if (line.empty()) continue;
    residuals.emplace_back();
    const auto look = nlohmann::json::parse(line);
    for (const auto& probe : look["probes"]) residuals.back().push_back(1 - probe["explained"].get<double>());
  }
  ASSERT_EQ(residuals.size(), 2u);
  ASSERT_EQ(residuals[0].size(), 6u);
  for (size_t level = 0; level < residuals[0].size(); ++level) {
    EXPECT_LT(residuals[1][level], 0.8 * residuals[0][level]) << "level " << level;
  }
}

TEST(TrainCommand, FineTunesProbesReportsAndAveragesAnew) {
  test::TempDir folder;
  const fs::path first = folder / "first", second = folder / "second";
  ASSERT_EQ(run_farfield(small_run(first)).exit_code, 0);
  auto command = small_run(second, {"ema.sigma_rel=[0.05,0.1]", "probes.images=32", "probes.references=gaussian,delta",
                                    "run.preview_images=32", "run.tick_images=16"});
  command.insert(command.end(), {"--init", first.string(), "--snapshot-at", "24,40", "--max-time", "5m"});
  const auto trained = run_farfield(command);
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(manifest_of(second)["averages"]["power-0.05"].size(), 3u);
  const auto ema = run_farfield(
      {"ema", "--run", second.string(), "--sigma-rel", "0.07", "--out", (folder / "e.safetensors").string(), "--json"});
  ASSERT_EQ(ema.exit_code, 0) << ema.err;
  EXPECT_EQ(nlohmann::json::parse(ema.out)["averages"], 6);
  EXPECT_EQ(run_farfield({"sample", "--model", (folder / "e.safetensors").string(), "--seeds", "0", "--steps", "1",
                          "--out", (folder / "s").string()})
                .exit_code,
            0);
  EXPECT_EQ(run_farfield(
                {"ema", "--run", first.string(), "--sigma-rel", "0.07", "--out", (folder / "f.safetensors").string()})
                .exit_code,
            2);

  const auto report = run_farfield({"report", second.string(), "--out", (folder / "report").string()});
  ASSERT_EQ(report.exit_code, 0) << report.err;
  const std::string page = read_file(folder / "report/report.html", 1 << 24);
  for (const char* words :
       {"Where the loss falls", "Samples while it trained", "explained by delta", "images per second"}) {
    EXPECT_NE(page.find(words), std::string::npos) << words;
  }
  EXPECT_EQ(split(read_file(folder / "report/probes.csv", 1 << 20), '\n').front(), "images,reference,sigma,explained");
}

// T30
TEST(TrainCommand, ASecondRunInTheSameFolderIsRefused) {
  test::TempDir folder;
  const fs::path run = folder / "run";
  ASSERT_EQ(run_farfield(small_run(run, {"run.images=8"})).exit_code, 0);
  auto again = small_run(run);
  EXPECT_EQ(run_farfield(again).exit_code, 2);
  const int descriptor = open(run.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(descriptor, LOCK_EX), 0);
  again.push_back("--resume");
  const auto refused = run_farfield(again);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("another run"), std::string::npos) << refused.err;
  close(descriptor);
  EXPECT_EQ(run_farfield(again).exit_code, 0);
}

}  // namespace
}  // namespace farfield

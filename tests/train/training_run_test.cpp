#include "train/training_run.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/interrupts.h"
#include "core/io/file.h"
#include "core/io/npz.h"
#include "core/run/folder_lock.h"
#include "core/text.h"
#include "models/networks/checkpoint_manifest.h"
#include "tests/support/test_support.h"
#include "tests/train/tiny_training.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

struct Attempt {
  bool resume = false, replace = false;
  std::vector<std::string> settings = {};
  PreviewFn preview = {};
  int64_t data_seed = 0;
  std::function<void(RunRequest&)> change = {};  // anything else about the request
};

void run(const fs::path& folder, const Attempt& attempt = {}) {
  const auto training = test::tiny_training(attempt.settings);
  RunRequest request;
  request.folder = folder;
  request.use = attempt.resume ? FolderUse::kResume : attempt.replace ? FolderUse::kReplace : FolderUse::kNew;
  request.resolved_config = training.resolved;
  request.command_line = {"farfield", "train"};
  request.preview = attempt.preview;
  if (attempt.change) attempt.change(request);
  run_training(training.options, test::tiny_data(attempt.data_seed), torch::kCPU, request);
}

TensorFile newest_state(const fs::path& folder) {
  return read_safetensors(folder / newest_valid(folder, read_checkpoint_manifest(folder).states)->file);
}

// The log without what depends on the clock.
std::vector<nlohmann::json> log_of(const fs::path& folder) {
  std::vector<nlohmann::json> lines;
  for (const auto& text : split(read_file(folder / "log.jsonl", 1 << 20), '\n')) {
    if (text.empty()) continue;
    auto line = nlohmann::json::parse(text);
    line.erase("seconds");
    line.erase("images_per_second");
    lines.push_back(line);
  }
  return lines;
}

// A preview that "sends a signal" at a number of images: the run is stopped there, as between steps.
PreviewFn signal_at(int64_t images) {
  return [images](const Denoiser&, const fs::path& png) {
    if (png.filename() == fmt::format("preview-{:012}.png", images)) set_interrupted(true);
  };
}

TEST(TrainingRun, LeavesEverythingInTheFolder) {
  test::TempDir folder;
  std::vector<std::string> previews;
  run(folder / "run",
      {.settings = {"run.preview_images=24"}, .preview = [&](const Denoiser& average, const fs::path& png) {
    previews.push_back(png.filename());
    EXPECT_EQ(average.info().label_dim, 3);
  }});
  const auto manifest = read_checkpoint_manifest(folder / "run");
  EXPECT_EQ(manifest.states.size(), 2u);
  EXPECT_EQ(manifest.states.back().images, 60);
  std::vector<int64_t> snapshots;
  for (const auto& entry : manifest.snapshots) snapshots.push_back(entry.images);
  EXPECT_EQ(snapshots, (std::vector<int64_t>{24, 48, 60}));
  EXPECT_EQ(previews, (std::vector<std::string>{"preview-000000000024.png", "preview-000000000048.png",
                                                "preview-000000000060.png"}));
  const auto log = log_of(folder / "run");
  ASSERT_EQ(log.size(), 5u);
  EXPECT_EQ(log[1]["images"], 24);
  EXPECT_EQ(log[1]["step"], 4);
  int64_t counted = 0;
  for (const auto& bin : log[1]["loss_by_sigma"]) counted += bin["count"].get<int64_t>();
  EXPECT_EQ(counted, 12);
  const auto snapshot = read_native_model(folder / "run" / manifest.snapshots.back().file);
  EXPECT_EQ(snapshot.config.network.label_dim, 3);
  EXPECT_TRUE(fs::exists(folder / "run" / "run.json"));
  Config again = Config::from_file(folder / "run" / "config.yaml");  // the resolved config is a config
  EXPECT_EQ(TrainOptions::from_config(again).network, test::tiny_training().options.network);
  again.finish();
}

TEST(TrainingRun, StoppedByASignalAndResumedEndsWithTheSameBitsAndLog) {
  test::TempDir folder;
  run(folder / "whole", {.settings = {"run.preview_images=6"}, .preview = signal_at(-1)});
  for (const int64_t at : {6, 18, 30, 54}) {
    const fs::path stopped = folder / std::to_string(at);
    const auto error = test::error_of(
        [&] { run(stopped, {.settings = {"run.preview_images=6"}, .preview = signal_at(at)}); });
    set_interrupted(false);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kInterrupted);
    EXPECT_EQ(newest_state(stopped).metadata.at("images"), std::to_string(at));
    run(stopped, {.resume = true, .settings = {"run.preview_images=6"}, .preview = signal_at(-1)});
    EXPECT_TRUE(test::same_bits(newest_state(stopped), newest_state(folder / "whole"))) << at;
    EXPECT_EQ(log_of(stopped), log_of(folder / "whole")) << at;
  }
}

TEST(TrainingRun, AnInterruptInsideThePreviewSavesToo) {
  test::TempDir folder;
  const auto error = test::error_of([&] {
    run(folder / "run", {.settings = {"run.preview_images=12"}, .preview = [](const Denoiser&, const fs::path&) {
      set_interrupted(true);  // a signal in the sampler
      stop_if_interrupted();
    }});
  });
  set_interrupted(false);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kInterrupted);
  EXPECT_NE(std::string(error->what()).find("state is saved"), std::string::npos);
  EXPECT_EQ(newest_state(folder / "run").metadata.at("images"), "12");
}

// A process killed after its last state has written log lines that the resumed run writes again.
TEST(TrainingRun, ResumingFromAnOlderStateCutsTheLogBack) {
  test::TempDir folder;
  run(folder / "run");
  const auto log = log_of(folder / "run");
  const auto whole = newest_state(folder / "run");
  fs::resize_file(folder / "run/states/state-000000000060.safetensors", 100);
  run(folder / "run", {.resume = true});
  EXPECT_EQ(log_of(folder / "run"), log);
  EXPECT_TRUE(test::same_bits(newest_state(folder / "run"), whole));
  EXPECT_EQ(read_checkpoint_manifest(folder / "run").snapshots.size(), 3u);
}

TEST(TrainingRun, GoesOnLongerButNotDifferently) {
  test::TempDir folder;
  run(folder / "run");
  run(folder / "run",
      {.resume = true, .settings = {"run.images=72", "run.tick_images=6", "run.gradient_checkpointing=true"}});
  EXPECT_EQ(newest_state(folder / "run").metadata.at("images"), "72");

  const auto error = test::error_of([&] {
    run(folder / "run",
        {.resume = true, .settings = {"optimiser.learning_rate=0.5", "run.seed=6", "network.dropout=0.1"}});
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  const std::string message = error->what();
  EXPECT_NE(message.find("optimiser.learning_rate was 0.01, is now 0.5"), std::string::npos) << message;
  EXPECT_NE(message.find("run.seed was 5, is now 6"), std::string::npos) << message;
  EXPECT_NE(message.find("network.dropout was 0.2, is now 0.1"), std::string::npos) << message;

  const auto other_data = test::error_of([&] { run(folder / "run", {.resume = true, .data_seed = 9}); });
  ASSERT_TRUE(other_data);
  EXPECT_EQ(other_data->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(other_data->what()).find("data 'tiny'"), std::string::npos);
}

TEST(TrainingRun, ANumberThatIsNotFiniteLeavesTheBatchAndNoNewCheckpoint) {
  test::TempDir folder;
  const std::vector<std::string> settings = {"beyond.learning_rate=1e30", "run.state_images=6",
                                             "run.snapshot_images=6"};
  const auto error = test::error_of([&] { run(folder / "run", {.settings = settings}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kNumeric);
  const std::string message = error->what();
  const auto at = message.find("the batch is in ");
  ASSERT_NE(at, std::string::npos) << message;
  const auto batch = read_npz(message.substr(at + 16));
  EXPECT_EQ(batch.at("clean").sizes(), (std::vector<int64_t>{6, 1, 8, 8}));
  const auto samples = test::tiny_data()->rows(batch.at("index"));  // x-flip or not
  const auto same = samples.eq(batch.at("clean")).flatten(1).all(1),
             flipped = samples.flip(3).eq(batch.at("clean")).flatten(1).all(1);
  EXPECT_TRUE(same.logical_or(flipped).all().item<bool>());
  for (const char* kind : {"states", "snapshots"}) {
    for (const auto& entry : fs::directory_iterator(folder / "run" / kind)) {
      const TensorFile file = read_safetensors(entry.path());
      for (const auto& [name, tensor] : file.tensors) EXPECT_TRUE(torch::isfinite(tensor).all().item<bool>()) << name;
    }
  }
}

TEST(TrainingRun, SkippedStepsAreCountedInLogAndRecord) {
  test::TempDir folder;
  run(folder / "run", {.settings = {"beyond.learning_rate=1e30", "run.nonfinite=skip"}});
  const auto log = log_of(folder / "run");
  const int64_t skipped = log.back()["skipped_steps"];
  EXPECT_GT(skipped, 0);
  EXPECT_EQ(nlohmann::json::parse(read_file(folder / "run/run.json", 1 << 20))["skipped_steps"], skipped);
  EXPECT_EQ(newest_state(folder / "run").metadata.at("skipped"), std::to_string(skipped));
}

TEST(TrainingRun, StopsAfterItsTimeWithTheStateSaved) {
  test::TempDir folder;
  Attempt attempt;
  attempt.change = [](RunRequest& request) { request.max_seconds = 1e-9; };
  const auto error = test::error_of([&] { run(folder / "run", attempt); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kInterrupted);
  EXPECT_NE(std::string(error->what()).find("stopped by --max-time after 6 of 60 images; the state is saved"),
            std::string::npos);
  EXPECT_EQ(newest_state(folder / "run").metadata.at("images"), "6");
}

TEST(TrainingRun, NamedChangesAreAllowedAndRecorded) {
  test::TempDir folder;
  run(folder / "run", {.settings = {"run.images=24"}});
  const std::vector<std::string> changed = {"optimiser.learning_rate=0.001", "network.model_channels=16"};
  Attempt attempt{.resume = true, .settings = {changed[0]}};
  const auto allow = [](std::vector<std::string> keys) {
    return [keys](RunRequest& request) { request.allow_change = keys; };
  };
  const std::vector<std::pair<std::vector<std::string>, std::string>> refused = {
      {{}, "optimiser.learning_rate was 0.01, is now 0.001"},
      {{"run.seed"}, "optimiser.learning_rate was 0.01"},
      {{"optimiser.learning_rate", "run.seed"}, "--allow-change run.seed: that is as it was"},
  };
  for (const auto& [keys, fragment] : refused) {
    attempt.change = allow(keys);
    const auto error = test::error_of([&] { run(folder / "run", attempt); });
    ASSERT_TRUE(error) << fragment;
    EXPECT_NE(std::string(error->what()).find(fragment), std::string::npos) << error->what();
  }
  Attempt other{.resume = true, .settings = {changed[1]}};
  other.change = allow({"network.model_channels"});
  const auto error = test::error_of([&] { run(folder / "run", other); });
  EXPECT_NE(std::string(error->what()).find("network.model_channels was 8, is now 16 (it cannot change within a run)"),
            std::string::npos)
      << error->what();

  attempt.change = allow({"optimiser.learning_rate"});
  run(folder / "run", attempt);
  EXPECT_EQ(log_of(folder / "run").back()["learning_rate"], 0.001);
  const auto record = nlohmann::json::parse(read_file(folder / "run/run.json", 1 << 20));
  EXPECT_EQ(record["changed_on_resume"][0], "optimiser.learning_rate was 0.01, is now 0.001");
  Attempt data{.resume = true, .settings = {changed[0], "run.images=72"}, .data_seed = 9};
  data.change = allow({"data"});
  run(folder / "run", data);
}

TEST(TrainingRun, FurtherAveragesAndSnapshotsAtChosenPlaces) {
  test::TempDir folder;
  run(folder / "run", {.settings = {"ema.sigma_rel=[0.1]", "run.snapshot_at=[7, 30]", "run.snapshot_images=0"}});
  const auto manifest = read_checkpoint_manifest(folder / "run");
  std::vector<int64_t> images;
  for (const auto& entry : manifest.snapshots) images.push_back(entry.images);
  EXPECT_EQ(images, (std::vector<int64_t>{12, 30, 60}));
  ASSERT_TRUE(manifest.averages.contains("power-0.1"));
  EXPECT_EQ(manifest.averages.at("power-0.1").size(), 3u);
  const auto entry = manifest.averages.at("power-0.1").back();
  EXPECT_EQ(entry.file, "averages/power-0.1-000000000060.safetensors");
  EXPECT_EQ(sha256_file(folder / "run" / entry.file), entry.sha256);
  const auto model = read_native_model(folder / "run" / entry.file);
  const auto state = newest_state(folder / "run");
  EXPECT_TRUE(torch::equal(model.network->named_parameters()["map_layer0.bias"],
                           state.tensors.at("average:power-0.1.map_layer0.bias")));
  EXPECT_FALSE(
      torch::equal(state.tensors.at("average.map_layer0.bias"), state.tensors.at("average:power-0.1.map_layer0.bias")));
}

TEST(TrainingRun, ProbesAreLoggedAndCutBackLikeTheLog) {
  test::TempDir folder;
  Attempt attempt{.settings = {"probes.images=12"}};
  attempt.change = [](RunRequest& request) {
    request.probe = [](const Denoiser& average) {
      return std::vector<ProbeRow>{{"gaussian", 0.5, average.info().sigma_data}};
    };
  };
  run(folder / "run", attempt);
  const std::string probes = read_file(folder / "run/probes.jsonl", 1 << 20);
  EXPECT_EQ(split(probes, '\n').front(),
            R"({"images":12,"probes":[{"reference":"gaussian","sigma":0.5,"explained":0.5}]})");
  fs::resize_file(folder / "run/states/state-000000000060.safetensors", 100);
  attempt.resume = true;
  run(folder / "run", attempt);
  EXPECT_EQ(read_file(folder / "run/probes.jsonl", 1 << 20), probes);
  std::vector<std::string> events;
  for (const auto& entry : fs::directory_iterator(folder / "run/tensorboard"))
    events.push_back(entry.path().filename());
  EXPECT_EQ(events.size(), 2u);  // a file a session
}

TEST(TrainingRun, BeginsWithAModel) {
  test::TempDir folder;
  run(folder / "first");
  const auto entry = read_checkpoint_manifest(folder / "first").snapshots.back();
  const auto file = folder / "first" / entry.file;
  Attempt attempt{.settings = {"run.images=6", "optimiser.rampup_images=24"}};  // one step, that moves nothing
  attempt.change = [&](RunRequest& request) {
    request.init = InitialModel{read_native_model(file), file.string(), entry.sha256};
  };
  run(folder / "second", attempt);
  const auto state = newest_state(folder / "second");
  const auto model = read_native_model(file);
  EXPECT_TRUE(
      torch::equal(state.tensors.at("network.map_layer0.bias"), model.network->named_parameters()["map_layer0.bias"]));
  attempt.resume = true;
  EXPECT_EQ(test::error_of([&] { run(folder / "second", attempt); })->code(), ExitCode::kUsage);
  run(folder / "second", {.resume = true, .settings = {"run.images=12", "optimiser.rampup_images=24"}});
  const auto record = nlohmann::json::parse(read_file(folder / "second/run.json", 1 << 20));
  EXPECT_EQ(record["init"]["sha256"], entry.sha256);
}

TEST(TrainingRun, RefusesFoldersThatAreNotItsOwn) {
  test::TempDir folder;
  run(folder / "run");
  fs::create_directories(folder / "other");
  write_file_atomically(folder / "other/thesis.txt", "x");
  struct Row {
    std::string folder, fragment;
    Attempt attempt;
  };
  const std::vector<Row> rows = {
      {"run", "--resume goes on with it, --replace-run replaces it", {}},
      {"nowhere", "no run to resume", {.resume = true}},
      {"other", "is no run folder", {}},
      {"other", "is no run folder", {.replace = true}},
      {"other", "no run to resume", {.resume = true}},
  };
  for (const auto& row : rows) {
    const auto error = test::error_of([&] { run(folder / row.folder, row.attempt); });
    ASSERT_TRUE(error) << row.fragment;
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(row.fragment), std::string::npos) << error->what();
  }
  EXPECT_FALSE(fs::exists(folder / "nowhere"));
  EXPECT_TRUE(fs::exists(folder / "other/thesis.txt"));
  run(folder / "run", {.replace = true, .settings = {"run.images=12"}});
  EXPECT_EQ(log_of(folder / "run").size(), 1u);
}

TEST(TrainingRun, OneRunAtATimeInAFolder) {
  test::TempDir folder;
  run(folder / "run");
  const FolderLock held(folder / "run");
  for (const Attempt& attempt : {Attempt{.resume = true}, Attempt{.replace = true}}) {
    const auto error = test::error_of([&] { run(folder / "run", attempt); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find("another run"), std::string::npos);
  }
  EXPECT_EQ(log_of(folder / "run").size(), 5u);
}

}  // namespace
}  // namespace farfield

#include "train/train_options.h"

#include <gtest/gtest.h>

#include "tests/support/test_support.h"
#include "tests/train/tiny_training.h"
#include "train/config_changes.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

DataInfo data_of(const std::vector<int64_t>& shape) {
  DataInfo data;
  data.name = "x";
  data.shape = shape;
  data.count = 1000;
  return data;
}

TEST(TrainOptions, EveryConfigOfTheRepositoryParses) {
  int found = 0;
  for (const auto& file : fs::directory_iterator(fs::path(FARFIELD_SOURCE_DIR) / "configs/train")) {
    SCOPED_TRACE(file.path().string());
    const Config config = Config::from_file(file.path());
    const auto options = TrainOptions::from_config(config);
    config.finish();
    EXPECT_GE(options.run.images / options.run.batch, 100);
    ++found;
  }
  EXPECT_GE(found, 4);
}

TEST(TrainOptions, MistakesNameTheFieldAndTheConstraint) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"run.batch=0", "run.batch is 0; expected above 0"},
      {"run.micro_batch=4", "run.micro_batch is 4; expected 0 or a divisor of run.batch = 6"},
      {"run.images=-1", "run.images"},
      {"run.keep_states=1", "run.keep_states is 1; expected 2 or more"},
      {"run.precision=fp16", "run.precision"},
      {"run.seed=-1", "run.seed"},
      {"preconditioning.sigma_data=0", "preconditioning.sigma_data is 0; expected above 0"},
      {"preconditioning.name=emd", "did you mean 'edm'"},
      {"loss.name=edn", "did you mean 'edm'"},
      {"optimiser.lerning_rate=1", "did you mean 'learning_rate'"},
      {"data.source=''", "data.source is missing"},
      {"network.img_resolution=16", "network.img_resolution is 16, but the data 'tiny' has 8"},
      {"network.label_dim=4", "network.label_dim is 4, but the data 'tiny' has 3"},
      {"augment.probability=2", "augment.probability is 2; expected in [0, 1]"},
      {"augment.probability=0.1", "augment.xflip and augment.probability"},
      {"optimiser.decay_images=5", "does not apply to optimiser.schedule = constant"},
      {"optimiser.weight_decay=0.1", "applies to optimiser.name = adamw only"},
      {"preconditioning.name=vp",
       "loss.noise = lognormal has levels from 0 to inf, but preconditioning.name = vp is defined from"},
      {"preconditioning.name=ve", "or take loss.noise = ve and loss.name = ve"},
      {"run.nonfinite=zero", "run.nonfinite"},
      {"run.gradient_checkpointing=yes", "run.gradient_checkpointing"},
      {"run.snapshot_at=[0]", "run.snapshot_at is 0; expected above 0"},
      {"probes.sigmas=[1,0.5]", "probes.sigmas is 0.5"},
      {"network.channel_mult=[1,2,2,2,2]", "img_resolution 8 cannot be halved 4 times"},
      {"network.augment_dim=4", "network.augment_dim is 4, but augment.probability = 0 gives 0 labels"},
      {"run.batch=48", "has 24 samples; run.batch = 48"},
  };
  for (const auto& [setting, fragment] : rows) {
    const auto error = test::error_of([&, setting = setting] { test::tiny_training({setting}); });
    ASSERT_TRUE(error) << setting;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << setting;
    EXPECT_NE(std::string(error->what()).find(fragment), std::string::npos) << error->what();
  }
}

TEST(TrainOptions, SettingsThatDoNotBelongTogetherAreRefused) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> rows = {
      {{"loss.noise=vp", "loss.p_mean=0"}, "loss.p_mean does not apply to loss.noise = vp"},
      {{"loss.name=ve", "loss.sigma_min=1"}, "loss.sigma_min does not apply to loss.noise = ve"},
      {{"loss.noise=loguniform", "loss.p_std=1"}, "loss.p_std does not apply"},
      {{"loss.noise=t_uniform", "loss.p_mean=1"}, "loss.p_mean does not apply"},
      {{"loss.noise=t_uniform", "loss.sigma_max=0"}, "loss.sigma_max"},
      {{"loss.noise=t_uniform", "loss.sigma_min=-1"}, "0 (no end) or more"},
      {{"loss.noise=t_uniform", "preconditioning.name=ve"}, "is defined from 0.02 to 100"},
      {{"loss.sigma_min=0.1", "probes.images=6"},
       "probes.sigmas reach from 0.05 to 10, but the network is defined from 0.1"},
      {{"network.model_type=PointMlp", "run.gradient_checkpointing=true"}, "a PointMlp has no blocks to run again"},
      {{"augment.xflip=false", "augment.probability=0.1", "network.augment_dim=0"},
       "augment.probability = 0.1 gives 9 labels"},
  };
  for (const auto& [settings, fragment] : rows) {
    const auto error = test::error_of([&, settings = settings] { test::tiny_training(settings); });
    ASSERT_TRUE(error) << fragment;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << fragment;
    EXPECT_NE(std::string(error->what()).find(fragment), std::string::npos) << error->what();
  }
}

// With every option of every section: what was read is written, and reads back as the same.
TEST(TrainOptions, TheResolvedConfigIsAConfig) {
  for (const std::vector<std::string>& settings : {std::vector<std::string>{},
                                                   {"loss.noise=range", "loss.sigma_max=9"},
                                                   {"loss.sigma_min=0.01"},
                                                   {"loss.noise=t_uniform", "loss.name=ve", "loss.sigma_max=0.2"},
                                                   {"loss.name=vp"},
                                                   {"optimiser.name=adamw", "optimiser.schedule=cosine",
                                                    "optimiser.decay_images=100", "ema.sigma_rel=[0.05,0.1]"}}) {
    const auto first = test::tiny_training(settings);
    Config again = Config::from_text(first.resolved, "again");
    TrainOptions options = TrainOptions::from_config(again);
    again.finish();
    fit_network_to_data(options, again, test::tiny_data()->info());
    EXPECT_EQ(again.resolved(), first.resolved);
  }
}

TEST(TrainOptions, AugmentationSetsTheWidthOfItsLabels) {
  EXPECT_EQ(test::tiny_training().options.network.augment_dim, 0);
  EXPECT_EQ(test::tiny_training({"network.augment_dim=9"}).options.network.augment_dim, 9);  // may stay unused
  EXPECT_EQ(test::tiny_training({"augment.xflip=false", "augment.probability=0.12"}).options.network.augment_dim, 9);
}

TEST(TrainOptions, WhatIsLeftOpenIsTakenFromTheModel) {
  const auto model = test::tiny_training({"preconditioning.sigma_data=0.3"}).options.model_config();
  Config config = Config::from_text("data: {source: tiny}\nnetwork: {dropout: 0.5}\nrun: {batch: 6}\n", "own.yaml");
  adopt_model(config, model);
  const auto options = TrainOptions::from_config(config);
  config.finish();
  EXPECT_EQ(options.sigma_data, 0.3);
  EXPECT_EQ(options.network.dropout, 0.5);
  EXPECT_EQ(options.network.label_dim, 0) << "the data's, not the model's";
  EXPECT_EQ(model_differences(model, options.model_config()), "");
}

TEST(TrainOptions, TheNetworkFitsTheData) {
  const auto network = test::tiny_training().options.network;
  EXPECT_EQ(network.sample_shape(), (std::vector<int64_t>{1, 8, 8}));
  EXPECT_EQ(network.label_dim, 3);
  EXPECT_EQ(test::tiny_training({"network.label_dim=0"}).options.network.label_dim, 0);
}

TEST(TrainOptions, ImagesNeedNotBeSquareButHalve) {
  const auto fit = [](const std::string& network) {
    Config config = Config::from_text("data: {source: x}\nnetwork: {" + network + "}\n", "own.yaml");
    TrainOptions options = TrainOptions::from_config(config);
    fit_network_to_data(options, config, data_of({3, 8, 12}));
    return std::pair(options.network, config.resolved());
  };
  const auto [network, resolved] = fit("channel_mult: [1, 2, 2]");
  EXPECT_EQ(network.sample_shape(), (std::vector<int64_t>{3, 8, 12}));
  EXPECT_NE(resolved.find("img_resolution: [8, 12]\n"), std::string::npos) << resolved;
  EXPECT_EQ(fit("channel_mult: [1, 2, 2], img_resolution: [8, 12]").second, resolved);
  const std::pair<std::string, std::string> mistakes[] = {
      {"channel_mult: [1, 1, 1, 1]", "img_resolution [8, 12] cannot be halved 3 times"},
      {"channel_mult: [1], img_resolution: 8", "network.img_resolution is 8, but the data 'x' has [8, 12]"},
      {"channel_mult: [1], img_resolution: [12, 8]", "network.img_resolution is [12, 8], but the data 'x' has [8, 12]"},
      {"channel_mult: [1], img_resolution: [8]", "has 1 numbers, expected one side or [height, width]"},
      {"channel_mult: [1], img_resolution: [8, 0]", "out of range"},
  };
  for (const auto& [setting, fragment] : mistakes) {
    const auto error = test::error_of([&, &setting = setting] { fit(setting); });
    ASSERT_TRUE(error) << setting;
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(fragment), std::string::npos) << error->what();
  }
}

TEST(TrainOptions, SamplesThatTheNetworkDoesNotTakeAreRefusedWithTheReason) {
  struct Row {
    std::vector<int64_t> shape;
    std::string model_type, fragment;
  };
  const std::vector<Row> rows = {
      {{1, 4, 8, 8}, "SongUNet", "a sample is 1 x 4 x 8 x 8, 4 dimensions; networks train on images"},
      {{3, 5}, "DhariwalUNet", "a sample is 3 x 5, 2 dimensions"},
      {{7},
       "SongUNet",
       "a sample is 7, a point; network.model_type = SongUNet takes images: set network.model_type = PointMlp"},
      {{1, 8, 8}, "PointMlp", "a sample is 1 x 8 x 8, an image; network.model_type = PointMlp takes points"},
  };
  for (const auto& row : rows) {
    Config config = Config::from_text("data: {source: x}\nnetwork: {model_type: " + row.model_type + "}\n", "own.yaml");
    TrainOptions options = TrainOptions::from_config(config);
    const auto error = test::error_of([&] { fit_network_to_data(options, config, data_of(row.shape)); });
    ASSERT_TRUE(error) << row.fragment;
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(row.fragment), std::string::npos) << error->what();
  }
}

TEST(TrainOptions, ResumeMayChangeTheLengthAndTheIntervalsOnly) {
  const auto before = test::tiny_training().resolved;
  EXPECT_TRUE(forbidden_changes(before, before).empty());
  EXPECT_TRUE(forbidden_changes(
                  before, test::tiny_training({"run.images=99", "run.state_images=6", "data.source=moved"}).resolved)
                  .empty());
  const auto changes = forbidden_changes(before, test::tiny_training({"run.batch=3"}).resolved);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].key, "run.batch");
  EXPECT_EQ(changes[0].before, "6");
  EXPECT_EQ(changes[0].after, "3");
  EXPECT_EQ(forbidden_changes(before, before + "new:\n  key: 1\n")[0].before, "(absent)");
}

}  // namespace
}  // namespace farfield

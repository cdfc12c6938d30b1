#include "train/train_options.h"

#include <gtest/gtest.h>

#include "tests/support/test_support.h"
#include "tests/train/tiny_training.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

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
      {"run.batch=48", "has 24 samples; run.batch = 48"},
  };
  for (const auto& [setting, fragment] : rows) {
    const auto error = test::error_of([&, setting = setting] { test::tiny_training({setting}); });
    ASSERT_TRUE(error) << setting;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << setting;
    EXPECT_NE(std::string(error->what()).find(fragment), std::string::npos) << error->what();
  }
}

TEST(TrainOptions, TheNetworkFitsTheData) {
  const auto network = test::tiny_training().options.network;
  EXPECT_EQ(network.sample_shape(), (std::vector<int64_t>{1, 8, 8}));
  EXPECT_EQ(network.label_dim, 3);
  EXPECT_EQ(test::tiny_training({"network.label_dim=0"}).options.network.label_dim, 0);
}

TEST(TrainOptions, ResumeMayChangeTheLengthAndTheIntervalsOnly) {
  const auto before = test::tiny_training().resolved;
  EXPECT_TRUE(forbidden_changes(before, before).empty());
  EXPECT_TRUE(forbidden_changes(before, test::tiny_training({"run.images=99", "run.state_images=6", "data.source=moved"}).resolved).empty());
  const auto changes = forbidden_changes(before, test::tiny_training({"run.batch=3"}).resolved);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].key, "run.batch");
  EXPECT_EQ(changes[0].before, "6");
  EXPECT_EQ(changes[0].after, "3");
  EXPECT_EQ(forbidden_changes(before, before + "new:\n  key: 1\n")[0].before, "(absent)");
}

}  // namespace
}  // namespace farfield

// Ranks are threads of this process here; tests/tools/train_ranks_test.cpp runs the same through mpirun.
#include <array>

#include <gtest/gtest.h>

#include "core/data/loader.h"
#include "core/io/safetensors.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_group.h"
#include "tests/train/tiny_training.h"
#include "train/nonfinite.h"
#include "train/trainer.h"

namespace farfield {
namespace {

// Everything random on: dropout, label dropout, augmentation, stratified levels. 12 images a step.
const std::vector<std::string> kSettings = {"augment.xflip=false", "augment.probability=0.5", "loss.stratified=true",
                                            "run.batch=12",        "run.micro_batch=3",       "ema.sigma_rel=[0.1]"};

struct Outcome {
  std::vector<TrainStep> steps;
  std::vector<std::string> states;  // after each step, as a file holds it
  TensorFile state;                 // the last
};

// What rank `of` has after `steps` steps of a group of `size`, from `start` if there is one.
Outcome train(int size, int steps, const std::vector<std::string>& settings = kSettings, const std::string& start = "",
              int of = 0) {
  Outcome outcome;
  const auto data = test::tiny_data();
  test::run_ranks(size, [&](Comm& comm) {
    Trainer trainer(test::tiny_training(settings).options, data, torch::kCPU, comm);
    if (comm.is_root() && !start.empty()) trainer.restore(parse_safetensors(start, "state"), "state");
    trainer.follow_root();
    std::vector<TrainStep> reports;
    std::vector<std::string> states;
    for (int i = 0; i < steps; ++i) {
      reports.push_back(trainer.step());
      states.push_back(serialize_safetensors(trainer.state()));
    }
    if (comm.rank() == of) outcome = {reports, states, trainer.state()};
  });
  return outcome;
}

double worst(const TensorFile& a, const TensorFile& b, const std::string& prefix) {
  double found = 0;
  for (const auto& [name, tensor] : b.tensors) {
    if (!name.starts_with(prefix) || tensor.abs().max().item<double>() == 0) continue;
    found = std::max(found, ((a.tensors.at(name) - tensor).norm() / tensor.norm()).item<double>());
  }
  return found;
}

// The first moment after one step is 0.1 times the gradient.
TEST(Ranks, GradientOfABatchDoesNotDependOnTheNumberOfRanks) {
  const auto one = train(1, 1);
  for (const int size : {2, 4}) {
    const auto many = train(size, 1);
    EXPECT_TRUE(torch::equal(many.steps[0].sigma, one.steps[0].sigma));
    EXPECT_LE(test::relative_deviation(many.steps[0].loss, one.steps[0].loss), 1e-6);
    EXPECT_LE(worst(many.state, one.state, "adam.first."), 1e-6) << size << " ranks";
  }
  auto other = kSettings;
  other.push_back("run.seed=6");
  EXPECT_GT(worst(train(2, 1, other).state, one.state, "adam.first."), 0.1);
}

TEST(Ranks, SeeTheSamplesOfOneRankInTheSameOrder) {
  const auto one = train(1, 5), four = train(4, 5);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(torch::equal(four.steps[i].sigma, one.steps[i].sigma)) << i;
    EXPECT_EQ(four.steps[i].learning_rate, one.steps[i].learning_rate);
  }
  EXPECT_EQ(four.state.metadata, one.state.metadata);
}

TEST(Ranks, AllHoldTheSameBits) {
  const auto root = train(4, 3), last = train(4, 3, kSettings, "", 3);
  EXPECT_TRUE(test::same_bits(root.state, last.state));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(torch::equal(root.steps[i].loss, last.steps[i].loss));
}

// T16 with two ranks: resumed anywhere, the same bits; and on another number of ranks the same up to rounding.
TEST(Ranks, ResumeAnywhereExactlyAndOnAnotherNumberOfRanks) {
  constexpr int kSteps = 20;
  const auto whole = train(2, kSteps + 1);
  for (int cut = 1; cut <= kSteps; ++cut) {
    const auto& start = whole.states[cut - 1];
    const auto rest = train(2, 1, kSettings, start);
    EXPECT_TRUE(torch::equal(rest.steps[0].loss, whole.steps[cut].loss)) << "cut " << cut;
    EXPECT_EQ(rest.states[0], whole.states[cut]) << "cut " << cut;
    if (cut % 10 != 0) continue;
    for (const int size : {1, 4}) {
      const auto other = train(size, 1, kSettings, start);
      EXPECT_TRUE(torch::equal(other.steps[0].sigma, whole.steps[cut].sigma)) << "cut " << cut;
      EXPECT_LE(test::relative_deviation(other.steps[0].loss, whole.steps[cut].loss), 1e-5) << "cut " << cut;
    }
  }
}

// Backward runs inside backward then, and every parameter still has its gradient once.
TEST(Ranks, GradientCheckpointingChangesNoBit) {
  auto settings = kSettings;
  settings.push_back("run.gradient_checkpointing=true");
  EXPECT_TRUE(test::same_bits(train(2, 2, settings).state, train(2, 2).state));
}

// Sample 1 of the first batch, which is rank 1's, is more than the network holds.
std::shared_ptr<const DataSource> data_with_a_bad_sample(uint64_t seed) {
  const auto good = test::tiny_data();
  auto pixels = good->rows(0, 24).clone();
  pixels[epoch_order(seed, 0, 24)[1]].fill_(3e38f);
  return std::make_shared<DataSource>("bad", pixels, good->labels(), 3);
}

TEST(Ranks, AFaultOnOneIsTheFaultOfAll) {
  for (const char* policy : {"stop", "skip"}) {
    auto settings = kSettings;
    settings.insert(settings.end(), {"run.micro_batch=2", std::string("run.nonfinite=") + policy});
    const auto options = test::tiny_training(settings).options;
    const auto data = data_with_a_bad_sample(options.run.seed);
    std::array<std::string, 3> messages;
    std::array<bool, 3> evidence{};
    test::run_ranks(3, [&](Comm& comm) {
      Trainer trainer(options, data, torch::kCPU, comm);
      try {
        const auto report = trainer.step();
        messages[comm.rank()] = report.skipped;
        EXPECT_EQ(trainer.skipped_steps(), 1);
      } catch (const NonFiniteError& error) {
        messages[comm.rank()] = error.what();
        evidence[comm.rank()] = !error.batch().empty();
      }
    });
    EXPECT_NE(messages[0].find("not finite"), std::string::npos) << messages[0];
    EXPECT_EQ(messages[0], messages[1]);
    EXPECT_EQ(messages[0], messages[2]);
    if (std::string(policy) == "stop") {
      EXPECT_EQ(evidence, (std::array{false, true, false}));
    }
  }
}

TEST(Ranks, ABatchThatDoesNotDivideIsAnError) {
  const auto refuse = [](int size, const std::vector<std::string>& settings, const std::string& expected) {
    const auto data = test::tiny_data();
    test::run_ranks(size, [&](Comm& comm) {
      const auto error = test::error_of(
          [&] { Trainer(test::tiny_training(settings).options, data, torch::kCPU, comm); });
      ASSERT_TRUE(error);
      EXPECT_EQ(error->code(), ExitCode::kUsage);
      EXPECT_NE(std::string(error->what()).find(expected), std::string::npos) << error->what();
    });
  };
  refuse(5, {"run.batch=12"}, "12 images do not divide over 5 ranks");
  refuse(4, {"run.batch=12", "run.micro_batch=2"}, "2 does not divide the 3 images");
}

}  // namespace
}  // namespace farfield

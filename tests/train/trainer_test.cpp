#include "train/trainer.h"

#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/test_support.h"
#include "tests/train/tiny_training.h"

namespace farfield {
namespace {

using test::tiny_trainer;

std::vector<torch::Tensor> losses_of(Trainer& trainer, int steps) {
  std::vector<torch::Tensor> losses;
  for (int i = 0; i < steps; ++i) losses.push_back(trainer.step().loss);
  return losses;
}

TEST(Trainer, ResumedAnywhereGivesTheSameBits) {
  constexpr int kSteps = 12;
  Trainer whole = tiny_trainer();
  const auto losses = losses_of(whole, kSteps);
  std::minstd_rand random(1);
  for (int trial = 0; trial < 6; ++trial) {
    const int cut = 1 + static_cast<int>(random() % (kSteps - 1));
    Trainer first = tiny_trainer();
    losses_of(first, cut);
    const auto bytes = serialize_safetensors(first.state());

    Trainer second = tiny_trainer();
    losses_of(second, trial);  // whatever it did before is forgotten
    second.restore(parse_safetensors(bytes, "state"), "state");
    EXPECT_EQ(second.images_seen(), 6 * cut);
    const auto rest = losses_of(second, kSteps - cut);
    for (int i = 0; i < kSteps - cut; ++i) EXPECT_TRUE(torch::equal(rest[i], losses[cut + i])) << "cut " << cut;
    EXPECT_TRUE(test::same_bits(second.state(), whole.state())) << "cut " << cut;
    EXPECT_EQ(second.state().metadata, whole.state().metadata);
  }
}

TEST(Trainer, AveragesNotWhatItTrains) {
  Trainer trainer = tiny_trainer();
  losses_of(trainer, 6);
  const auto state = trainer.state();
  const std::string name = "enc.8x8_conv.weight";
  EXPECT_FALSE(torch::equal(state.tensors.at("network." + name), state.tensors.at("average." + name)));
  EXPECT_TRUE(torch::equal(trainer.network().network->named_parameters()[name].detach(),
                           state.tensors.at("network." + name)));
  EXPECT_TRUE(torch::equal(trainer.average().network->named_parameters()[name].detach(),
                           state.tensors.at("average." + name)));
}

// Without dropout nothing random depends on how a batch is split. The first moment after one step is 0.1 times the
// gradient.
TEST(Trainer, MicroBatchesAccumulateTheGradientOfTheBatch) {
  const std::vector<std::string> plain = {"network.dropout=0", "network.label_dropout=0"};
  auto settings = plain;
  settings.push_back("run.micro_batch=0");
  Trainer whole = tiny_trainer(settings);
  const auto expected_loss = whole.step().loss;
  for (const char* micro : {"1", "2", "3", "6"}) {
    settings.back() = std::string("run.micro_batch=") + micro;
    Trainer split = tiny_trainer(settings);
    EXPECT_LT(test::deviation(split.step().loss, expected_loss), 1e-5);
    const auto state = split.state(), expected = whole.state();
    for (const auto& [name, tensor] : expected.tensors) {
      if (!name.starts_with("adam.first.") || tensor.abs().max().item<double>() == 0) continue;
      EXPECT_LT(test::relative_deviation(state.tensors.at(name), tensor), 2e-5) << name << " micro-batch " << micro;
    }
  }
}

// Mixed precision changes how convolutions round, not what is learned nor what is stored.
TEST(Trainer, Bf16HasTheGradientOfFp32AndFloat32Weights) {
  Trainer exact = tiny_trainer(), mixed = tiny_trainer({"run.precision=bf16"});
  const auto exact_loss = exact.step().loss, mixed_loss = mixed.step().loss;
  EXPECT_FALSE(torch::equal(mixed_loss, exact_loss));
  EXPECT_LT(test::relative_deviation(mixed_loss, exact_loss), 0.02);
  const auto expected = exact.state(), state = mixed.state();
  for (const auto& [name, tensor] : state.tensors) EXPECT_EQ(tensor.scalar_type(), torch::kFloat32) << name;
  const std::string name = "adam.first.dec.8x8_block0.conv0.weight";
  const auto a = expected.tensors.at(name).flatten(), b = state.tensors.at(name).flatten();
  EXPECT_GT((a.dot(b) / (a.norm() * b.norm())).item<double>(), 0.99);
}

TEST(Trainer, LearnsTheData) {
  Trainer trainer = tiny_trainer({"network.dropout=0", "network.label_dropout=0", "augment.xflip=false"});
  const auto mean = [](const std::vector<torch::Tensor>& losses) { return torch::cat(losses).mean().item<double>(); };
  const double before = mean(losses_of(trainer, 20));
  losses_of(trainer, 120);
  EXPECT_LT(mean(losses_of(trainer, 20)), 0.8 * before);
}

TEST(Trainer, StopsAtTheFirstNumberThatIsNotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  struct Row {
    std::string fragment;
    std::vector<std::string> settings;
    std::function<void(Network&)> damage;
  };
  const std::vector<Row> rows = {
      {"the loss is not finite at step 3 (12 images seen, seed 5): sample 12 of the stream at sigma ", {},
       [&](Network& network) { network.named_parameters()["enc.8x8_conv.bias"].detach().fill_(nan); }},
      {"the gradient of 'enc.8x8_conv.bias' is not finite at step 3", {},
       [&](Network& network) {
         network.named_parameters()["enc.8x8_conv.bias"].register_hook([&](const torch::Tensor& g) { return g * nan; });
       }},
      {"the weight of '", {"optimiser.learning_rate=1e300"}, [](Network&) {}},
  };
  for (const auto& row : rows) {
    Trainer trainer = tiny_trainer(row.settings);
    const auto error = test::error_of([&] {
      losses_of(trainer, 2);
      row.damage(*trainer.network().network);
      trainer.step();
    });
    ASSERT_TRUE(error) << row.fragment;
    EXPECT_EQ(error->code(), ExitCode::kNumeric);
    EXPECT_NE(std::string(error->what()).find(row.fragment), std::string::npos) << error->what();
  }
}

TEST(Trainer, NeverHandsOutAStateThatIsNotFinite) {
  for (const bool averaged : {false, true}) {
    Trainer trainer = tiny_trainer();
    const auto& network = averaged ? trainer.average() : trainer.network();
    network.network->named_parameters()["map_layer0.bias"].detach()[0] = INFINITY;
    const auto error = test::error_of([&] { trainer.state(); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kNumeric);
    EXPECT_NE(std::string(error->what()).find("map_layer0.bias"), std::string::npos);
  }
}

TEST(Trainer, RefusesAStateThatIsNotItsOwnAndStaysAsItWas) {
  struct Row {
    std::string fragment;
    std::function<void(TensorFile&)> damage;
  };
  const std::string name = "adam.second.map_layer0.bias";
  const std::vector<Row> rows = {
      {name + " is missing", [&](TensorFile& file) { file.tensors.erase(name); }},
      {name + " has another shape", [&](TensorFile& file) { file.tensors[name] = torch::zeros({3}); }},
      {name + " has another shape or type", [&](TensorFile& f) { f.tensors[name] = f.tensors[name].to(torch::kHalf); }},
      {name + " is not finite", [&](TensorFile& file) { file.tensors[name] = file.tensors[name] * NAN; }},
      {"surplus is not part of", [](TensorFile& file) { file.tensors["surplus"] = torch::zeros({1}); }},
      {"the metadata lacks 'images'", [](TensorFile& file) { file.metadata.erase("images"); }},
      {"expected a count", [](TensorFile& file) { file.metadata["adam.steps"] = "-3"; }},
      {"expected a count", [](TensorFile& file) { file.metadata["images"] = "12x"; }},
  };
  Trainer source = tiny_trainer(), target = tiny_trainer();
  losses_of(source, 2);
  const auto before = serialize_safetensors(target.state());
  for (const auto& row : rows) {
    TensorFile file = parse_safetensors(serialize_safetensors(source.state()), "good");
    row.damage(file);
    const auto error = test::error_of([&] { target.restore(file, "bad.safetensors"); });
    ASSERT_TRUE(error) << row.fragment;
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
    EXPECT_NE(std::string(error->what()).find(row.fragment), std::string::npos) << error->what();
    EXPECT_EQ(serialize_safetensors(target.state()), before) << row.fragment;
  }
}

}  // namespace
}  // namespace farfield

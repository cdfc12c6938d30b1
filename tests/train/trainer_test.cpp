#include "train/trainer.h"

#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "core/math/random.h"
#include "tests/support/test_support.h"
#include "tests/train/tiny_training.h"
#include "train/nonfinite.h"

namespace farfield {
namespace {

using test::tiny_trainer;

std::vector<torch::Tensor> losses_of(Trainer& trainer, int steps) {
  std::vector<torch::Tensor> losses;
  for (int i = 0; i < steps; ++i) losses.push_back(trainer.step().loss);
  return losses;
}

// T16: with augmentation, dropout, label dropout, accumulation, stratified levels and several averages.
TEST(Trainer, ResumedAnywhereGivesTheSameBits) {
  constexpr int kSteps = 24;
  const std::vector<std::string> settings = {
      "augment.xflip=false",   "augment.probability=0.5", "loss.stratified=true",      "optimiser.name=adamw",
      "optimiser.clip_norm=1", "run.nonfinite=skip",      "ema.sigma_rel=[0.05, 0.1]", "ema.more_halflife_images=[30]"};
  Trainer whole = tiny_trainer(settings);
  std::vector<torch::Tensor> losses;
  std::vector<std::string> states;
  for (int step = 0; step < kSteps; ++step) {
    states.push_back(serialize_safetensors(whole.state()));
    losses.push_back(whole.step().loss);
  }
  std::minstd_rand random(1);
  for (int trial = 0; trial < 20; ++trial) {
    const int cut = 1 + static_cast<int>(random() % (kSteps - 1)), steps = std::min(kSteps - cut, 4);
    Trainer second = tiny_trainer(settings);
    if (trial % 4 == 0) losses_of(second, 1);  // whatever it did before is forgotten
    second.restore(parse_safetensors(states[cut], "state"), "state");
    EXPECT_EQ(second.images_seen(), 6 * cut);
    for (int i = 0; i < steps; ++i) {
      EXPECT_TRUE(torch::equal(second.step().loss, losses[cut + i])) << "cut " << cut;
    }
    const auto expected = cut + steps < kSteps ? states[cut + steps] : serialize_safetensors(whole.state());
    EXPECT_EQ(serialize_safetensors(second.state()), expected) << "cut " << cut;
  }
}

TEST(Trainer, AveragesNotWhatItTrains) {
  Trainer trainer = tiny_trainer();
  losses_of(trainer, 6);
  const auto state = trainer.state();
  const std::string name = "enc.8x8_conv.weight";
  EXPECT_FALSE(torch::equal(state.tensors.at("network." + name), state.tensors.at("average." + name)));
  EXPECT_TRUE(
      torch::equal(trainer.network().network->named_parameters()[name].detach(), state.tensors.at("network." + name)));
  EXPECT_TRUE(
      torch::equal(trainer.average().network->named_parameters()[name].detach(), state.tensors.at("average." + name)));
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

TEST(Trainer, GradientCheckpointingChangesNoBit) {
  for (const char* precision : {"run.precision=fp32", "run.precision=bf16"}) {
    Trainer plain = tiny_trainer({precision}),
            recomputing = tiny_trainer({precision, "run.gradient_checkpointing=true"});
    losses_of(plain, 4);
    losses_of(recomputing, 4);
    EXPECT_EQ(serialize_safetensors(recomputing.state()), serialize_safetensors(plain.state())) << precision;
  }
}

// Every preconditioning with every loss whose noise levels it is defined for.
TEST(Trainer, LearnsWithEveryPreconditioningAndLoss) {
  const std::vector<std::vector<std::string>> rows = {
      {"preconditioning.name=edm", "loss.name=edm"},
      {"preconditioning.name=edm", "loss.name=vp"},
      {"preconditioning.name=edm", "loss.name=ve"},
      {"preconditioning.name=edm", "loss.name=edm", "loss.noise=range", "loss.sigma_min=0.01", "loss.sigma_max=20"},
      {"preconditioning.name=vp", "loss.name=vp"},
      {"preconditioning.name=vp", "loss.name=edm", "loss.sigma_min=0.002", "loss.sigma_max=80"},
      {"preconditioning.name=ve", "loss.name=ve"},
      {"preconditioning.name=iddpm", "loss.name=ve"},
      {"preconditioning.name=iddpm", "loss.name=edm", "loss.noise=loguniform", "loss.sigma_min=0.01"},
  };
  for (auto settings : rows) {
    settings.insert(settings.end(),
                    {"network.dropout=0", "network.label_dropout=0", "loss.stratified=true", "run.micro_batch=0"});
    Trainer trainer = tiny_trainer(settings);
    const auto mean = [](const std::vector<torch::Tensor>& losses) { return torch::cat(losses).mean().item<double>(); };
    const double before = mean(losses_of(trainer, 8));
    losses_of(trainer, 20);
    EXPECT_LT(mean(losses_of(trainer, 8)), before) << settings[0] << " " << settings[1];
  }
}

TEST(Trainer, RoundsTheLevelsOfIddpmToItsTable) {
  Trainer trainer = tiny_trainer({"preconditioning.name=iddpm", "loss.name=ve"});
  const auto sigma = trainer.step().sigma;
  EXPECT_TRUE(torch::equal(trainer.network().preconditioning->round_sigma(sigma), sigma));
}

TEST(Trainer, BeginsWithAModelOfTheSameKindOnly) {
  Trainer source = tiny_trainer({"ema.halflife_images=0"});
  losses_of(source, 3);
  const auto file = parse_safetensors(serialize_safetensors(source.average_file("", {})), "source");
  const NativeModel model = parse_native_model(file, "source");
  Trainer target = tiny_trainer({"network.dropout=0", "run.seed=9", "ema.sigma_rel=[0.1]"});
  target.initialise(model, "source");
  for (const auto& name : {std::string(), std::string("power-0.1")}) {
    EXPECT_TRUE(test::same_bits(target.average_file(name, {}), file)) << name;
  }
  EXPECT_EQ(target.images_seen(), 0);
  Trainer other = tiny_trainer({"network.channel_mult=[1,1]", "preconditioning.sigma_data=0.6"});
  const auto error = test::error_of([&] { other.initialise(model, "source"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(error->what()).find("channel_mult is [1,2], here [1,1]; sigma_data is 0.5, here 0.6"),
            std::string::npos)
      << error->what();
}

TEST(Trainer, BeginsWithAModelOfOtherClassesButForTheLabelLayers) {
  ModelConfig config = test::tiny_training().options.model_config();
  for (const int64_t classes : {0, 5, 3}) {
    config.network.label_dim = classes;
    const NativeModel model = make_native_model(config, keyed_generator({17}));
    Trainer target = tiny_trainer({"run.seed=9"});
    const auto drawn = target.state().tensors;
    std::map<std::string, torch::Tensor> before;
    for (const auto& [name, tensor] : drawn) before[name] = tensor.clone();
    const std::vector<std::string> label_layers = {"map_label.bias", "map_label.weight"};
    EXPECT_EQ(target.initialise(model, "source"), classes == 3 ? std::vector<std::string>{} : label_layers);
    const auto after = target.state().tensors;
    for (const auto& entry : model.network->named_parameters()) {
      const bool fresh = classes != 3 && entry.key().starts_with("map_label.");
      for (const char* prefix : {"network.", "average."}) {
        const std::string name = prefix + entry.key();
        EXPECT_TRUE(torch::equal(after.at(name), fresh ? before.at(name) : entry.value())) << name << " " << classes;
      }
    }
    EXPECT_TRUE(torch::equal(
        after.at("network.map_label.weight"),
        classes == 3 ? model.network->named_parameters()["map_label.weight"] : before.at("network.map_label.weight")));
  }
  config.network.label_dim = 3;
  Trainer unlabelled = tiny_trainer({"network.label_dim=0"});
  EXPECT_TRUE(unlabelled.initialise(make_native_model(config, keyed_generator({17})), "source").empty());
}

TEST(Trainer, LearnsTheData) {
  Trainer trainer = tiny_trainer({"network.dropout=0", "network.label_dropout=0", "augment.xflip=false"});
  const auto mean = [](const std::vector<torch::Tensor>& losses) { return torch::cat(losses).mean().item<double>(); };
  const double before = mean(losses_of(trainer, 20));
  losses_of(trainer, 120);
  EXPECT_LT(mean(losses_of(trainer, 20)), 0.8 * before);
}

// T15: a bad number at each place, and what becomes of it under each policy.
struct Injection {
  std::string fragment;  // of the error under `stop`
  std::vector<std::string> settings;
  std::function<void(Trainer&)> damage;  // before the third step
  bool skippable = true;                 // false: no skipping heals it
};

// Changes the first gradient it sees and no other.
template <class Change>
auto once(Change change) {
  return
      [change, calls = std::make_shared<int>(0)](const torch::Tensor& g) { return ++*calls == 1 ? change(g) : g + 0; };
}

std::vector<Injection> injections() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto parameter = [](const PreconditionedNetwork& network) {
    return network.network->named_parameters()["enc.8x8_conv.bias"];
  };
  return {
      {"the gradient of 'enc.8x8_conv.bias' is not finite at step 3 (12 images seen, seed 5, sigma ",
       {},
       [=](Trainer& trainer) {
    parameter(trainer.network()).register_hook(once([=](const torch::Tensor& g) { return g * nan; }));
  }},
      {"the second moment of 'enc.8x8_conv.bias' is not finite at step 3",
       {},
       [=](Trainer& trainer) {
    parameter(trainer.network()).register_hook(once([](const torch::Tensor& g) { return g + 1e30; }));
  }},
      {"the weight of 'enc.8x8_conv.bias' is not finite at step 3",
       {},
       [=](Trainer& trainer) { parameter(trainer.network()).detach().fill_(nan); },
       false},
      {"the average of 'enc.8x8_conv.bias' is not finite at step 3",
       {},
       [=](Trainer& trainer) { parameter(trainer.average()).detach().fill_(nan); },
       false},
      {"the weight of '", {"beyond.learning_rate=1e300"}, [](Trainer&) {}},
  };
}

TEST(Trainer, StopsAtTheFirstNumberThatIsNotFinite) {
  for (const auto& row : injections()) {
    Trainer trainer = tiny_trainer(row.settings);
    try {
      losses_of(trainer, 2);
      row.damage(trainer);
      trainer.step();
      ADD_FAILURE() << row.fragment;
    } catch (const NonFiniteError& error) {
      EXPECT_EQ(error.code(), ExitCode::kNumeric);
      EXPECT_NE(std::string(error.what()).find(row.fragment), std::string::npos) << error.what();
      for (const char* name : {"clean", "noise", "sigma", "positions", "index", "loss", "class_labels"}) {
        ASSERT_TRUE(error.batch().contains(name)) << name;
        EXPECT_EQ(error.batch().at(name).size(0), 6) << name;
      }
    }
  }
}

TEST(Trainer, SkipsAndCountsAStepThatIsNotFinite) {
  for (auto row : injections()) {
    row.settings.push_back("run.nonfinite=skip");
    Trainer trainer = tiny_trainer(row.settings);
    const auto go = [&] {
      losses_of(trainer, 2);
      row.damage(trainer);
    };
    if (!row.skippable) {
      go();
      const auto error = test::error_of([&] { trainer.step(); });
      ASSERT_TRUE(error);
      EXPECT_NE(std::string(error->what()).find(row.fragment), std::string::npos) << error->what();
      continue;
    }
    go();
    const auto before = parse_safetensors(serialize_safetensors(trainer.state()), "before");
    EXPECT_NE(trainer.step().skipped, "") << row.fragment;
    const auto after = trainer.state();  // finite, or it would throw
    EXPECT_TRUE(test::same_bits(before, after)) << row.fragment;
    EXPECT_EQ(after.metadata.at("adam.steps"), before.metadata.at("adam.steps"));
    EXPECT_EQ(after.metadata.at("images"), "18");
    EXPECT_EQ(after.metadata.at("skipped"), std::to_string(trainer.skipped_steps()));
    if (row.settings.size() > 1) continue;  // the rate stays what it is
    EXPECT_EQ(trainer.skipped_steps(), 1);
    EXPECT_EQ(trainer.step().skipped, "");
  }
}

// Data that float32 holds and the network does not: the sample is named, and without an end to it the run is.
TEST(Trainer, NamesTheSampleAndGivesUpWhenNoStepSucceeds) {
  const auto huge = std::make_shared<DataSource>("huge", torch::full({24, 1, 8, 8}, 3e38f),
                                                 torch::arange(24).remainder(3), 3);
  Trainer stops(test::tiny_training().options, huge, torch::kCPU);
  const auto error = test::error_of([&] { stops.step(); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what())
                .find("the denoised sample is not finite at step 1 (0 images seen, seed 5): sample 0 of the "
                      "stream at sigma "),
            std::string::npos)
      << error->what();
  Trainer skips(test::tiny_training({"run.nonfinite=skip"}).options, huge, torch::kCPU);
  for (int step = 0; step < 99; ++step) EXPECT_NE(skips.step().skipped, "");
  const auto given_up = test::error_of([&] { skips.step(); });
  ASSERT_TRUE(given_up);
  EXPECT_NE(std::string(given_up->what()).find("100 steps in a row were skipped"), std::string::npos)
      << given_up->what();
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

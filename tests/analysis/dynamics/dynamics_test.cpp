// Snapshots of a network at fixed probes: the bits of compare(), references evaluated once.
#include "analysis/dynamics/dynamics_run.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/compare/references.h"
#include "analysis/dynamics/dynamics_tables.h"
#include "core/io/file.h"
#include "core/math/random.h"
#include "models/analytic/analytic.h"
#include "models/networks/network_denoiser.h"
#include "tests/support/counted_denoiser.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

using torch::Tensor;

std::shared_ptr<const DataSource> dynamics_cloud() {
  return std::make_shared<DataSource>("cloud", (0.5 * test::normals({60, 3}, 4)).to(torch::kFloat32), Tensor(), 0);
}

std::shared_ptr<const Denoiser> point_network(int64_t seed) {
  ModelConfig config;
  config.network = NetworkConfig::defaults("PointMlp");
  config.network.img_channels = 3;
  config.network.model_channels = 16;
  config.network.num_blocks = 1;
  NativeModel model = make_native_model(config, keyed_generator({static_cast<uint64_t>(seed)}));
  const torch::NoGradGuard no_grad;
  at::Generator generator = keyed_generator({static_cast<uint64_t>(seed), 2});
  for (Tensor& parameter : model.network->parameters()) parameter.add_(torch::randn(parameter.sizes(), generator), 0.2);
  return make_network_denoiser(std::move(model), "net", torch::kCPU, Precision::kFp32);
}

DynamicsOptions small_dynamics() {
  DynamicsOptions options;
  options.probes.sigmas = {0.1, 1, 20};
  options.probes.probes = 50;
  options.probes.batch = 16;
  options.probes.seed = 3;
  options.probes.replicates = 100;
  return options;
}

DynamicsInputs three_networks(const std::shared_ptr<const DataSource>& data) {
  DynamicsInputs inputs;
  for (int64_t i = 1; i <= 3; ++i) inputs.snapshots.push_back({"net-" + std::to_string(i), "", 100 * i});
  inputs.open = [](const Snapshot& snapshot) {
    return Subject{snapshot.name, "network", point_network(snapshot.images), {}};
  };
  inputs.references = open_references({"mean", "gaussian", "mixture,components=3", "delta"}, data, {}, 3).subjects;
  inputs.data = data;
  inputs.of = "three networks";
  return inputs;
}

TEST(Dynamics, HasTheBitsOfCompare) {
  const auto data = dynamics_cloud();
  const DynamicsRun run = run_dynamics(three_networks(data), small_dynamics());
  const DynamicsSummary summary = summarise_dynamics(run);
  const CompareOptions& options = run.options.probes;
  for (size_t i = 0; i < 3; ++i) {
    const Subject model = run.inputs.open(run.inputs.snapshots[i]);
    const Comparison alone = compare(model, run.inputs.references, data, options);
    EXPECT_TRUE(torch::equal(run.looks[i].difference[0], alone.difference[0]));
    EXPECT_TRUE(torch::equal(run.looks[i].model_score[0], alone.model_score[0]));
    EXPECT_TRUE(torch::equal(run.looks[i].reference_denoised[0], alone.reference_denoised[0]));
    const auto rows = summarise(alone, options.replicates, options.seed);
    for (size_t row = 0; row < summary.rows[i].size(); ++row) {
      ASSERT_EQ(rows[row].probe, ProbeKind::kData);
      EXPECT_EQ(summary.rows[i][row].score.value, rows[row].score.value);
      EXPECT_EQ(summary.rows[i][row].score.low, rows[row].score.low);
      EXPECT_EQ(summary.rows[i][row].score.reverse, rows[row].score.reverse);
      EXPECT_EQ(summary.rows[i][row].denoiser.value, rows[row].denoiser.value);
    }
  }
}

TEST(Dynamics, EvaluatesReferencesOnceHoweverManySnapshots) {
  const auto data = dynamics_cloud();
  DynamicsInputs inputs = three_networks(data);
  const auto counted = std::make_shared<test::CountedDenoiser>(inputs.references[1].denoiser);
  inputs.references[1].denoiser = counted;
  run_dynamics(std::move(inputs), small_dynamics());
  EXPECT_EQ(counted->samples, 50 * 3);  // probes, levels
}

// A Gaussian on its way: away from N(0, I/4), past the data's, to something wider.
TEST(Dynamics, SaysWhenAReferenceIsNearest) {
  const auto data = dynamics_cloud();
  DynamicsInputs inputs = three_networks(data);
  inputs.snapshots.push_back({"net-4", "", 400});
  inputs.open = [](const Snapshot& snapshot) {
    const double variances[] = {0.01, 0.25, 0.6, 2};
    return Subject{snapshot.name,
                   "isotropic",
                   make_isotropic(torch::zeros({3}, torch::kFloat64), variances[snapshot.images / 100 - 1], {3}),
                   {}};
  };
  const DynamicsRun run = run_dynamics(std::move(inputs), small_dynamics());
  const DynamicsSummary summary = summarise_dynamics(run);
  const NearestTime& gaussian = summary.nearest_at(run, 1, 1);
  EXPECT_EQ(gaussian.least, 1u);
  EXPECT_FALSE(gaussian.falls_always);
  EXPECT_TRUE(has_left(gaussian));
  EXPECT_NEAR(gaussian.rise, gaussian.last_residual / gaussian.least_residual, 1e-9 * gaussian.rise);
  const NearestTime& mean = summary.nearest_at(run, 0, 1);
  EXPECT_EQ(mean.least, 0u);  // ever further from a point
  const std::string headline = dynamics_headline(run, summary);
  EXPECT_NE(headline.find("has left it since"), std::string::npos) << headline;
  const std::string csv = dynamics_table(run, summary).csv() + nearest_table(run, summary).csv();
  EXPECT_EQ(csv.find("nan"), std::string::npos) << csv;
  EXPECT_EQ(time_words(run, 1), "200 images");
}

TEST(Dynamics, IsTheSameHoweverItIsShared) {
  const auto data = dynamics_cloud();
  const DynamicsRun alone = run_dynamics(three_networks(data), small_dynamics());
  test::run_ranks(3, [&](Comm& comm) {
    const DynamicsRun shared = run_dynamics(three_networks(data), small_dynamics(), {}, comm);
    for (size_t i = 0; i < 3; ++i)
      EXPECT_TRUE(torch::equal(shared.looks[i].difference, alone.looks[i].difference)) << comm.rank();
  });
  const test::TempDir folder;
  run_dynamics(three_networks(data), small_dynamics(), PartStore(folder / "out", "{}", EarlierParts::kRefuse));
  DynamicsInputs inputs = three_networks(data);
  const auto counted = std::make_shared<test::CountedDenoiser>(inputs.references[0].denoiser);
  inputs.references[0].denoiser = counted;
  const DynamicsRun resumed = run_dynamics(std::move(inputs), small_dynamics(),
                                           PartStore(folder / "out", "{}", EarlierParts::kResume));
  EXPECT_EQ(counted->calls, 0);
  for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(torch::equal(resumed.looks[i].difference, alone.looks[i].difference));
}

TEST(Dynamics, ReadsImagesFromNames) {
  const auto images = [](const std::vector<std::string>& models) {
    std::vector<int64_t> all;
    for (const Snapshot& snapshot : snapshots_of_models(models)) all.push_back(snapshot.images);
    return all;
  };
  EXPECT_EQ(images({"a/snapshot-000012800.safetensors", "b/snapshot-64000.safetensors"}),
            (std::vector<int64_t>{12800, 64000}));
  EXPECT_EQ(images({"early.safetensors", "late.safetensors"}), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(images({"run-5.safetensors", "run-2.safetensors"}), (std::vector<int64_t>{1, 2}));
}

TEST(Dynamics, RefusesWhatDoesNotFit) {
  const auto data = dynamics_cloud();
  const auto wide = std::make_shared<DataSource>("wide", test::normals({9, 4}, 1).to(torch::kFloat32), Tensor(), 0);
  const auto refused = [](DynamicsInputs inputs, DynamicsOptions options) {
    return std::string(test::error_of([&] { run_dynamics(std::move(inputs), std::move(options)); })->what());
  };
  DynamicsInputs inputs = three_networks(data);
  inputs.data = wide;
  EXPECT_NE(refused(std::move(inputs), small_dynamics()).find("those of 'wide' [4]"), std::string::npos);
  inputs = three_networks(data);
  inputs.references.clear();
  EXPECT_NE(refused(std::move(inputs), small_dynamics()).find("no references"), std::string::npos);
  DynamicsOptions options = small_dynamics();
  options.label = 2;
  EXPECT_NE(refused(three_networks(data), options).find("takes no class labels"), std::string::npos);
  const test::TempDir folder;
  EXPECT_EQ(test::error_of([&] { snapshots_of_run(folder.path()); })->code(), ExitCode::kIo);
}

}  // namespace
}  // namespace farfield

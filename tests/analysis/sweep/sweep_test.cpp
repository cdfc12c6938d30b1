// Mixtures of every size and rank against one model: closed forms, and the mixtures themselves.
#include "analysis/sweep/sweep_run.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/compare/references.h"
#include "analysis/sweep/rank_ladder.h"
#include "analysis/sweep/sweep_tables.h"
#include "models/analytic/fit.h"
#include "tests/support/counted_denoiser.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr double kLambda[] = {9, 4, 1, 0.25, 0.04, 0.01};
constexpr double kLeft[] = {20.6209329, 7.19782847, 1.42696585, 0.200657543, 0.00904686997, 0.000589571301};

GaussianStats six_dimensions() {
  return {torch::zeros({6}, torch::kFloat64), torch::eye(6, torch::kFloat64),
          torch::tensor(std::vector<double>(std::begin(kLambda), std::end(kLambda)), torch::kFloat64), 0, 0};
}

// The model is the full Gaussian; probes whose second moments are those of the noised data.
TEST(Sweep, RanksOfAGaussianLeaveWhatTheClosedFormSays) {
  const GaussianStats stats = six_dimensions();
  const auto model = make_gaussian(stats, {6});
  const double sigma = 0.5;
  const Tensor x = torch::diag((stats.eigenvalues + sigma * sigma).sqrt());
  const Tensor own = (*model)(x, sigma);
  const Tensor all = RankLadder(to_mixture(stats), {1, 2, 3, 4, 5, 6}).denoise(x, sigma);
  const double power = (own - x).square().sum().item<double>();
  double before = kLeft[0];
  for (int64_t rank = 1; rank <= 5; ++rank) {
    const double left = (all[rank - 1] - own).square().sum().item<double>() / power;
    EXPECT_NEAR(left / kLeft[rank], 1, 1e-8) << rank;  // the digits of the document
    double tail = 0, whole = 0;
    for (int64_t k = 0; k < 6; ++k) {
      const double noisy = kLambda[k] + sigma * sigma;
      if (k >= rank) tail += kLambda[k] * kLambda[k] / (std::pow(sigma, 4) * noisy);
      whole += 1 / noisy;
    }
    EXPECT_NEAR(left / (tail / whole), 1, 1e-9) << rank;
    EXPECT_LT(left, before);
    before = left;
  }
  EXPECT_NEAR((own - x).square().sum().item<double>(),
              (x / (stats.eigenvalues + sigma * sigma)).square().sum().item<double>() * std::pow(sigma, 4), 1e-12);
  EXPECT_EQ(test::deviation(all[5], own), 0);  // one component has one weight: the same Gaussian
}

std::shared_ptr<const DataSource> cloud(int64_t count, int64_t dim) {
  const Tensor spread = torch::linspace(2, 0.1, dim, torch::kFloat64);
  return std::make_shared<DataSource>("cloud", (test::normals({count, dim}, 4) * spread).to(torch::kFloat32), Tensor(),
                                      0);
}

// The same over noised samples of it: the closed form to 1 %, rank 0 by the mean.
TEST(Sweep, RanksOfAGaussianOverManyProbes) {
  const GaussianStats stats = six_dimensions();
  const auto model = make_gaussian(stats, {6});
  const double sigma = 0.5;
  const Tensor x = test::normals({100'000, 6}, 5) * (stats.eigenvalues + sigma * sigma).sqrt();
  const Tensor own = (*model)(x, sigma);
  const double power = (own - x).square().sum().item<double>();
  const Tensor all = RankLadder(to_mixture(stats), {1, 2, 3, 4, 5}).denoise(x, sigma);
  for (int64_t rank = 0; rank <= 5; ++rank) {
    const Tensor cut = rank == 0 ? torch::zeros_like(x) : all[rank - 1];
    EXPECT_NEAR((cut - own).square().sum().item<double>() / power / kLeft[rank], 1, 0.01) << rank;
  }
}

// Every rank of a ladder is the mixture that was cut to it.
TEST(Sweep, ALadderIsTheCutMixtures) {
  const auto data = cloud(60, 7);
  MixtureOptions options;
  options.components = 9;  // some with fewer points than dimensions, and so fewer eigenvectors
  options.seed = 3;
  const MixtureStats full = fit_mixture(*data, options);
  const std::vector<int64_t> ranks = {1, 2, 4, 5, 7};
  const RankLadder ladder(full, ranks);
  EXPECT_EQ(ladder.components(), 9);
  EXPECT_GT(ladder.components_below(5), 0);
  for (const double sigma : {1e-3, 0.05, 0.7, 20.0}) {
    const Tensor rows = data->rows(0, 25).to(torch::kFloat64) + sigma * test::normals({25, 7}, 8);
    const Tensor all = ladder.denoise(rows, sigma);
    for (size_t q = 0; q < ranks.size(); ++q) {
      options.rank = ranks[q];
      const auto cut = make_mixture(fit_mixture(*data, options), {7});
      EXPECT_LE(test::relative_deviation(all[static_cast<int64_t>(q)], (*cut)(rows, sigma)), 1e-11)
          << "rank " << ranks[q] << " at " << sigma;
    }
  }
}

SweepOptions small_sweep() {
  SweepOptions options;
  options.components = {1, 3, 8};
  options.ranks = {1, 2, 4, 7};
  options.sigmas = {0.1, 1, 8};
  options.probes = 40;
  options.batch = 16;
  options.seed = 5;
  options.replicates = 100;
  return options;
}

SweepInputs inputs_of(const std::string& model, const std::shared_ptr<const DataSource>& data) {
  return {open_subject(model, {.data = data, .seed = 5}), data, model};
}

// A mixture that was fitted with the same seed is found; the full rank is the rank that there is, bit for bit.
TEST(Sweep, FindsTheMixtureThatTheModelIs) {
  const auto data = cloud(60, 7);
  const SweepRun run = run_sweep(inputs_of("mixture,components=3", data), small_sweep());
  const SweepSummary summary = summarise_sweep(run);
  for (size_t level = 0; level < 3; ++level) {
    EXPECT_LE(summary.at(run, 1, 4, level).residual.value, 1e-24) << level;
    EXPECT_GT(summary.at(run, 0, 4, level).residual.value, 1e-9) << level;
    EXPECT_TRUE(torch::equal(run.mixtures[0].difference[3], run.mixtures[0].difference[4]));  // rank 7 of 7
    EXPECT_EQ(summary.minimal[level].rank <= 7, true);
  }
  EXPECT_EQ(summary.gains.size(), 6u);
  EXPECT_GT(summary.gains[0].gain.value, 0);  // K = 3 at sigma = 0.1
  EXPECT_NEAR(summary.gains[0].gain.value,
              summary.at(run, 0, 4, 0).residual.value - summary.at(run, 1, 4, 0).residual.value, 1e-15);
  const std::string csv = sweep_table(run, summary).csv();
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 3 * 5 * 3 + 3);
  EXPECT_EQ(csv.find("nan"), std::string::npos);
}

// What `compare` says of the same mixtures at the same probes.
TEST(Sweep, SaysWhatCompareSays) {
  const auto data = cloud(60, 7);
  const SweepOptions options = small_sweep();
  const SweepRun run = run_sweep(inputs_of("delta", data), options);
  const SweepSummary summary = summarise_sweep(run);
  CompareOptions compared;
  compared.sigmas = options.sigmas;
  compared.probes = options.probes;
  compared.batch = options.batch;
  compared.seed = options.seed;
  compared.replicates = options.replicates;
  const auto references =
      open_references({"gaussian,rank=2", "mixture,components=3,rank=4", "delta"}, data, {}, options.seed).subjects;
  const auto rows = summarise(compare(run.inputs.model, references, data, compared), options.replicates, options.seed);
  for (size_t level = 0; level < 3; ++level) {
    EXPECT_NEAR(summary.at(run, 0, 1, level).residual.value, 1 - rows[level].score.value, 1e-5) << level;
    EXPECT_NEAR(summary.at(run, 1, 2, level).residual.value, 1 - rows[3 + level].score.value, 1e-5) << level;
    EXPECT_EQ(summary.exact[level].residual.value, 0) << level;
  }
}

TEST(Sweep, EvaluatesTheModelOnceAProbe) {
  const auto data = cloud(60, 7);
  SweepInputs inputs = inputs_of("gaussian", data);
  const auto counting = std::make_shared<test::CountedDenoiser>(inputs.model.denoiser);
  inputs.model.denoiser = counting;
  run_sweep(std::move(inputs), small_sweep());
  EXPECT_EQ(counting->calls, 3 * 3);  // batches, levels
}

// Stopped and resumed, in other batches, by several ranks: one result.
TEST(Sweep, IsTheSameHoweverItIsShared) {
  const auto data = cloud(60, 7);
  const SweepRun alone = run_sweep(inputs_of("gaussian", data), small_sweep());
  SweepOptions batches = small_sweep();
  batches.batch = 7;
  const SweepRun other = run_sweep(inputs_of("gaussian", data), batches);
  for (size_t k = 0; k < 3; ++k)
    EXPECT_LE(test::relative_deviation(other.mixtures[k].difference, alone.mixtures[k].difference), 1e-9);
  test::run_ranks(3, [&](Comm& comm) {
    const SweepRun shared = run_sweep(inputs_of("gaussian", data), small_sweep(), {}, {}, comm);
    for (size_t k = 0; k < 3; ++k)
      EXPECT_TRUE(torch::equal(shared.mixtures[k].difference, alone.mixtures[k].difference)) << comm.rank();
  });
  const test::TempDir folder;
  const PartStore first(folder / "out", "{\"a\":1}", EarlierParts::kRefuse);
  run_sweep(inputs_of("gaussian", data), small_sweep(), {}, first);
  EXPECT_EQ(first.kept(), 3);
  const PartStore again(folder / "out", "{\"a\":1}", EarlierParts::kResume);
  const SweepRun resumed = run_sweep(inputs_of("gaussian", data), small_sweep(), {}, again);
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_TRUE(torch::equal(resumed.mixtures[k].difference, alone.mixtures[k].difference));
    EXPECT_EQ(resumed.mixtures[k].below, alone.mixtures[k].below);
  }
}

TEST(Sweep, OfDataThatRepeatAndOfOneDimension) {
  const Tensor few = test::normals({3, 2}, 1).to(torch::kFloat32);
  const auto data = std::make_shared<DataSource>("few", few.repeat({4, 1}), Tensor(), 0);
  SweepOptions options = small_sweep();
  options.components = {1, 2, 5};
  options.ranks = {1, 2};
  const SweepRun run = run_sweep(inputs_of("delta", data), options);
  EXPECT_LE(run.mixtures[2].clusters, 5);
  const std::string csv = sweep_table(run, summarise_sweep(run)).csv();
  EXPECT_EQ(csv.find("nan"), std::string::npos) << csv;
  EXPECT_EQ(csv.find("inf"), std::string::npos) << csv;
  const auto line = std::make_shared<DataSource>("line", test::normals({9, 1}, 2).to(torch::kFloat32), Tensor(), 0);
  options.ranks = {1};
  EXPECT_TRUE(run_sweep(inputs_of("mean", line), options).mixtures[2].difference.isfinite().all().item<bool>());
}

TEST(Sweep, RefusesWhatTheDataHaveNot) {
  const auto data = cloud(20, 7);
  const auto refused = [&](const std::function<void(SweepOptions&)>& change) {
    SweepOptions options = small_sweep();
    change(options);
    return std::string(test::error_of([&] { run_sweep(inputs_of("gaussian", data), options); })->what());
  };
  EXPECT_NE(refused([](auto& o) { o.components = {1, 21}; }).find("--components: 21, but 'cloud' has 20 samples"),
            std::string::npos);
  EXPECT_NE(refused([](auto& o) { o.ranks = {8}; }).find("--ranks: 8, but samples of 'cloud' have 7 numbers"),
            std::string::npos);
  EXPECT_NE(refused([](auto& o) { o.ranks = {2, 2}; }).find("--ranks: 2 after 2"), std::string::npos);
  EXPECT_NE(refused([](auto& o) { o.sigmas = {}; }).find("--sigmas: empty"), std::string::npos);
  EXPECT_NE(refused([](auto& o) { o.probes = 1; }).find("probes: 1"), std::string::npos);
}

TEST(Sweep, DefaultSizesFitTheData) {
  const DenoiserInfo model{.name = "m", .sample_shape = {2}, .sigma_min = 0.1, .sigma_max = 5};
  DataInfo small;
  small.name = "d";
  small.shape = {2};
  small.count = 12;
  const SweepOptions quick = quick_sweep(small, model), paper = paper_sweep(small, model);
  EXPECT_EQ(quick.components, (std::vector<int64_t>{1, 2, 5, 10}));
  EXPECT_EQ(quick.ranks, (std::vector<int64_t>{1}));
  EXPECT_EQ(quick.sigmas, (std::vector<double>{0.1, 0.2, 0.5, 1, 2, 5}));
  quick.validate(small);
  paper.validate(small);
  DataInfo cifar = small;
  cifar.shape = {3, 32, 32};
  cifar.count = 50'000;
  EXPECT_EQ(paper_sweep(cifar, model).components.back(), 200);
  EXPECT_EQ(paper_sweep(cifar, model).ranks.back(), 2048);
}

}  // namespace
}  // namespace farfield

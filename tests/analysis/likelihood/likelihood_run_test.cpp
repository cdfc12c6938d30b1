// The whole measurement: bits of bytes, draws, priors, two data sets, resuming, ranks.
#include "analysis/likelihood/likelihood_run.h"

#include <numbers>

#include <gtest/gtest.h>

#include "analysis/likelihood/likelihood_tables.h"
#include "core/interrupts.h"
#include "models/analytic/analytic.h"
#include "models/analytic/fit.h"
#include "tests/support/counted_denoiser.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

using torch::Tensor;

Subject subject(std::shared_ptr<const Denoiser> denoiser) {
  const std::string kind = denoiser->info().kind;
  return {denoiser->info().name, kind, std::move(denoiser), {}};
}

std::shared_ptr<const DataSource> bytes(const Tensor& values) {  // [N, ...] of one pixel
  return std::make_shared<DataSource>("bytes", values.to(torch::kUInt8).reshape({-1, 1, 1, 1}), Tensor(), 0);
}

std::shared_ptr<const DataSource> cloud(int64_t count, uint64_t seed) {
  return std::make_shared<DataSource>(
      "cloud", test::normals({count, 3}, static_cast<int64_t>(seed)).to(torch::kFloat32), Tensor(), 0);
}

LikelihoodOptions tight_options(const Denoiser& model, const DataInfo& data, LikelihoodRequest request = {}) {
  request.solver = "dopri5,rtol=1e-9,atol=1e-9";
  return read_likelihood_options(request, model, data);
}

// A density that is the same at every byte gives each 8 bits: the data themselves, so near each other that their noise
// closes the gaps.
TEST(Likelihood, AUniformModelTakesEightBits) {
  const Tensor places = (torch::arange(256, torch::kFloat64) + 0.5) / 127.5 - 1;
  const std::shared_ptr<const Denoiser> model = make_delta(places.reshape({-1, 1, 1, 1}), {1, 1, 1});
  LikelihoodInputs inputs{subject(model), "uniform", bytes(torch::arange(100, 156)), nullptr, {}, {}};
  LikelihoodRequest request;
  request.sigma_min = 0.02;
  LikelihoodOptions options = tight_options(*model, inputs.data->info(), request);
  const LikelihoodRun run = run_likelihood(std::move(inputs), options);
  const LikelihoodSummary summary = summarise_likelihood(run);
  ASSERT_EQ(summary.measures[1].name, "model prior");
  EXPECT_LE((bits_of(run, summary, 0, 1) - 8).abs().max().item<double>(), 1e-6);
  ASSERT_EQ(summary.measures[2].name, "closed form");
  EXPECT_LE((bits_of(run, summary, 0, 2) - 8).abs().max().item<double>(), 1e-9);
}

TEST(Likelihood, BitsAreThoseOfTheFormula) {
  const Tensor ll = torch::tensor({-3.0, 2.0}, torch::kFloat64);
  EXPECT_LE(test::deviation(bits_per_dimension(ll, 4, 128), -ll / (4 * std::numbers::ln2) + 7), 1e-15);
  const Tensor draws = torch::tensor({{-1000.0, -1001.0}}, torch::kFloat64);
  EXPECT_NEAR(log_mean_likelihood(draws).item<double>(), -1000 + std::log((1 + std::exp(-1.0)) / 2), 1e-12);
}

TEST(Likelihood, DequantisedBytesStayInTheirBins) {
  const auto source = bytes(torch::arange(256));
  std::vector<uint64_t> keys;
  for (uint64_t i = 0; i < 256; ++i) keys.push_back(i);
  const Tensor byte = torch::arange(256, torch::kFloat64);
  const Tensor rows = source->rows(0, 256);
  const Tensor uniform = (dequantised(rows, Dequantisation::kUniform, keys).flatten() + 1) * 127.5 - byte;
  EXPECT_GE(uniform.min().item<double>(), -1e-12);
  EXPECT_LT(uniform.max().item<double>(), 1);
  EXPECT_NEAR(uniform.mean().item<double>(), 0.5, 0.1);
  const Tensor centred = (dequantised(rows, Dequantisation::kCentred, keys).flatten() + 1) * 127.5 - byte;
  EXPECT_LE(test::deviation(centred, uniform - 0.5), 1e-12);
  EXPECT_LE(test::deviation(dequantised(rows, Dequantisation::kNone, {}).flatten(), byte / 127.5 - 1), 1e-7);
}

// log (1/K) sum p(x_k) rises with K in the mean, towards the log of the mean over the byte.
TEST(Likelihood, MoreDrawsAreATighterBound) {
  const std::shared_ptr<const Denoiser> model = make_isotropic(torch::zeros({1}, torch::kFloat64), 1e-6, {1, 1, 1});
  const auto source = bytes(torch::full({100}, 127));
  const auto bits = [&](const std::string& dequantise) {
    LikelihoodRequest request;
    request.dequantise = dequantise;
    LikelihoodInputs inputs{subject(model), "narrow", source, nullptr, {}, {}};
    LikelihoodOptions options = tight_options(*model, source->info(), request);
    options.count = options.batch = 100;
    const LikelihoodRun run = run_likelihood(std::move(inputs), options);
    EXPECT_LE(test::deviation(run.log_prior.select(2, 2) + run.integral, run.log_density), 1e-6);
    const LikelihoodSummary summary = summarise_likelihood(run);
    return bits_of(run, summary, 0, 1).mean().item<double>();
  };
  const double one = bits("uniform"), many = bits("uniform,draws=16");
  // u = 127 stands for x in [-0.0039, 0.0039): all but all of the mass of N(0, 1e-6 + 4e-6), half of it on each side.
  const double exact = -std::log2(std::erf(1 / 127.5 / 2 / std::sqrt(2 * 5e-6)));
  EXPECT_GT(one, many + 0.1);
  EXPECT_NEAR(many, exact, 0.05);
}

struct TwoSets {
  std::shared_ptr<const DataSource> data = cloud(9, 1), against = cloud(5, 2);
  std::shared_ptr<const Denoiser> model = make_gaussian(measure_gaussian(*data), {3});
  LikelihoodInputs inputs() const {
    LikelihoodInputs inputs{subject(model), "gaussian", data, against, {}, measure_gaussian(*data)};
    inputs.references.push_back(subject(make_delta(data->rows(0, 9), {3})));
    return inputs;
  }
};

TEST(Likelihood, PriorsAndReferencesAreTheirDensities) {
  const TwoSets two;
  const LikelihoodRun run = run_likelihood(two.inputs(), tight_options(*two.model, two.data->info()));
  ASSERT_EQ(run.integral.size(0), 14);
  EXPECT_EQ(run.own, 9);
  // The model is the Gaussian of the data: its prior is the one of their moments, and both give its density.
  EXPECT_LE(test::deviation(run.log_prior.select(2, 1), run.log_prior.select(2, 2)), 1e-12);
  EXPECT_LE(test::deviation(run.log_prior.select(2, 1) + run.integral, run.log_density), 1e-6);
  // N(0, 80^2) instead costs little, but not nothing.
  const Tensor bias = (run.log_prior.select(2, 0) - run.log_prior.select(2, 1)).abs();
  EXPECT_LT(bias.max().item<double>(), 0.05);
  EXPECT_GT(bias.min().item<double>(), 1e-9);
  const auto* reference = dynamic_cast<const AnalyticDenoiser*>(run.inputs.references[0].denoiser.get());
  EXPECT_LE(test::deviation(run.references.narrow(0, 0, 9).flatten(),
                            reference->log_density(two.data->rows(0, 9).to(torch::kFloat64), 0.002)),
            1e-12);
  const LikelihoodSummary summary = summarise_likelihood(run);
  ASSERT_EQ(summary.sets.size(), 2u);
  EXPECT_EQ(summary.measures.back().name, "reference delta");
  EXPECT_EQ(likelihood_table(run, summary).rows.size(), 14u);
  EXPECT_NE(likelihood_headline(run, summary).find("bits per dimension"), std::string::npos);
}

// Without the closed form, by probes: the mean of the estimates is the likelihood within their error.
TEST(Likelihood, ProbesTellTheirError) {
  const TwoSets two;
  LikelihoodRequest request;
  request.trace = "hutchinson,probes=64";
  const LikelihoodRun run = run_likelihood(two.inputs(), tight_options(*two.model, two.data->info(), request));
  const Tensor apart = run.log_prior.select(2, 2) + run.integral - run.log_density;
  EXPECT_GT(run.integral_error.min().item<double>(), 0);
  EXPECT_LE((apart / run.integral_error).abs().max().item<double>(), 4);
  request.trace = "hutchinson,probes=1";
  const LikelihoodRun one = run_likelihood(two.inputs(), tight_options(*two.model, two.data->info(), request));
  EXPECT_TRUE(one.integral_error.isnan().all().item<bool>());
  EXPECT_NE(summary_table(summarise_likelihood(one)).csv().find("gaussian prior"), std::string::npos);
}

TEST(Likelihood, ASampleIsTheSameInEveryBatchAndAmongAnyOthers) {
  const TwoSets two;
  LikelihoodRequest request;
  request.trace = "hutchinson,probes=3";
  LikelihoodOptions options = read_likelihood_options(request, *two.model, two.data->info());
  const LikelihoodRun all = run_likelihood(two.inputs(), options);
  options.batch = 2;
  EXPECT_LE(test::deviation(run_likelihood(two.inputs(), options).integral, all.integral), 1e-10);
  options.count = 4;
  const LikelihoodRun few = run_likelihood(two.inputs(), options);
  EXPECT_LE(test::deviation(few.integral.narrow(0, 0, 4), all.integral.narrow(0, 0, 4)), 1e-10);
  EXPECT_LE(test::deviation(few.integral.narrow(0, 4, 4), all.integral.narrow(0, 9, 4)), 1e-10);
  options.seed = 1;
  EXPECT_GT(test::deviation(run_likelihood(two.inputs(), options).integral, few.integral), 1e-6);
}

TEST(Likelihood, RanksAndResumedRunsHaveTheSameBits) {
  const TwoSets two;
  LikelihoodOptions options = tight_options(*two.model, two.data->info());
  options.batch = 3;
  const LikelihoodRun alone = run_likelihood(two.inputs(), options);
  test::run_ranks(3, [&](Comm& comm) {
    const LikelihoodRun shared = run_likelihood(two.inputs(), options, {}, comm);
    EXPECT_TRUE(torch::equal(shared.integral, alone.integral));
    EXPECT_TRUE(torch::equal(shared.growth, alone.growth));
  });
  const test::TempDir folder;
  const PartStore parts(folder / "out", "{}", EarlierParts::kRefuse);
  run_likelihood(two.inputs(), options, parts);
  EXPECT_EQ(parts.kept(), 5);
  const LikelihoodRun again = run_likelihood(two.inputs(), options,
                                             PartStore(folder / "out", "{}", EarlierParts::kResume));
  EXPECT_TRUE(torch::equal(again.integral, alone.integral));
  EXPECT_TRUE(torch::equal(again.log_prior, alone.log_prior));
}

TEST(Likelihood, MistakesAreOneLine) {
  const TwoSets two;
  const auto message = [&](const std::function<void(LikelihoodInputs&, LikelihoodRequest&)>& change) {
    const auto error = test::error_of([&] {
      LikelihoodInputs inputs = two.inputs();
      LikelihoodRequest request;
      change(inputs, request);
      const LikelihoodOptions options = read_likelihood_options(request, *inputs.model.denoiser, inputs.data->info());
      run_likelihood(std::move(inputs), options);
    });
    return error ? std::string(error->what()) : "";
  };
  EXPECT_NE(message([](auto& inputs, auto&) { inputs.data = bytes(torch::arange(3)); }).find("[1,1,1]"),
            std::string::npos);
  EXPECT_NE(message([](auto&, auto& request) { request.sigma_min = 0; }).find("--sigma-min: 0"), std::string::npos);
  EXPECT_NE(message([](auto&, auto& request) { request.sigma_max = 0.001; }).find("--sigma-max"), std::string::npos);
  EXPECT_NE(message([](auto&, auto& request) { request.dequantise = "uniform"; }).find("no bytes"), std::string::npos);
  EXPECT_NE(message([&](auto& inputs, auto&) {
    inputs.model = subject(make_gaussian(measure_gaussian(*two.data), {3}));
    inputs.references = {subject(std::make_shared<test::CountedDenoiser>(two.model))};
  }).find("no density"),
            std::string::npos);
}

}  // namespace
}  // namespace farfield

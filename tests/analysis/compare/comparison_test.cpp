#include "analysis/compare/comparison.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/compare/references.h"
#include "analysis/stats/bootstrap.h"
#include "core/math/random.h"
#include "models/analytic/analytic.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

// D(x) = factor x + shift, on [d].
class Affine final : public Denoiser {
 public:
  Affine(int64_t dim, double factor, double shift, double sigma_max = 1e9) : factor_(factor), shift_(shift) {
    info_.name = "affine";
    info_.sample_shape = {dim};
    info_.sigma_max = sigma_max;
  }
  const DenoiserInfo& info() const override { return info_; }
  mutable int64_t calls = 0, rows = 0;

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor&, const torch::Tensor&) const override {
    ++calls;
    rows += x.size(0);
    return factor_ * x + shift_;
  }
  double factor_, shift_;
  DenoiserInfo info_;
};

Subject network_subject(std::string name, std::shared_ptr<const Denoiser> denoiser) {
  return {std::move(name), "network", denoiser, {}};
}

std::shared_ptr<const DataSource> points(int64_t count, int64_t dim) {
  return std::make_shared<DataSource>("points", torch::randn({count, dim}, keyed_generator({5})), torch::Tensor(), 0);
}

CompareOptions small_comparison(std::vector<double> sigmas, int64_t probes = 50) {
  CompareOptions options;
  options.sigmas = std::move(sigmas);
  options.probes = probes;
  options.batch = 16;
  return options;
}

// Two probes in two dimensions, by hand.
TEST(Comparison, FollowsTheFormulas) {
  Comparison c;
  c.kinds = {ProbeKind::kNoise};
  c.references = {"r"};
  c.sigmas = {2};
  c.dimensions = 2;
  c.difference = torch::tensor({1., 3.}, torch::kFloat64).reshape({1, 1, 1, 2});
  c.model_score = torch::tensor({4., 6.}, torch::kFloat64).reshape({1, 1, 2});
  c.reference_score = torch::tensor({10., 30.}, torch::kFloat64).reshape({1, 1, 1, 2});
  c.model_denoised = torch::tensor({2., 30.}, torch::kFloat64).reshape({1, 1, 2});
  c.reference_denoised = torch::tensor({8., 8.}, torch::kFloat64).reshape({1, 1, 1, 2});
  c.evaluated = torch::full({1, 1}, 2, torch::kInt64);
  const auto rows = summarise(c, 200, 0);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_DOUBLE_EQ(rows[0].score.value, 1 - 4. / 10);
  EXPECT_DOUBLE_EQ(rows[0].score.per_sample, (1 - 1. / 4 + 1 - 3. / 6) / 2);
  EXPECT_DOUBLE_EQ(rows[0].score.reverse, 1 - 4. / 40);
  EXPECT_DOUBLE_EQ(rows[0].denoiser.value, 1 - 4. / 32);
  EXPECT_DOUBLE_EQ(rows[0].denoiser.per_sample, (1 - 1. / 2 + 1 - 3. / 30) / 2);
  EXPECT_DOUBLE_EQ(rows[0].denoiser.reverse, 1 - 4. / 16);
  EXPECT_DOUBLE_EQ(rows[0].denoiser_mse, 4. / 2 / 2);
  EXPECT_DOUBLE_EQ(rows[0].score_mse, 4. / 2 / 2 / 16);
  // Resamples are {0,0}, {0,1}, {1,1}: the interval is made of their three ratios.
  EXPECT_DOUBLE_EQ(rows[0].score.low, 1 - 3. / 6);
  EXPECT_DOUBLE_EQ(rows[0].score.high, 1 - 1. / 4);
}

// A model whose score is zero explains nothing and leaves nothing to be explained: cells are empty, not -inf.
TEST(Comparison, RatiosWithoutMeaningAreEmptyCells) {
  const auto zero = std::make_shared<Affine>(2, 1., 0.), other = std::make_shared<Affine>(2, 0., 0.);  // D = x, D = 0
  const Comparison c = compare(network_subject("m", zero), {network_subject("a", other)}, nullptr,
                               small_comparison({1}));
  const std::string csv = comparison_table(c, summarise(c, 100, 0)).csv();
  EXPECT_NE(csv.find("\nnoise,a,1,50,,,,,0,"), std::string::npos) << csv;
  const Comparison back = compare(network_subject("m", other), {network_subject("a", zero)}, nullptr,
                                  small_comparison({1}));
  const std::string table = comparison_table(back, summarise(back, 100, 0)).csv();
  EXPECT_NE(table.find("\nnoise,a,1,50,0,"), std::string::npos) << table;
  for (const auto* text : {&csv, &table}) {
    EXPECT_EQ(text->find("inf"), std::string::npos) << *text;
    EXPECT_EQ(text->find("nan"), std::string::npos) << *text;
  }
}

TEST(Comparison, CsvHasTheDocumentedColumns) {
  const auto model = std::make_shared<Affine>(2, 0.5, 0.);
  const Comparison c = compare(network_subject("m", model), {network_subject("a", model)}, points(20, 2),
                               small_comparison({0.5, 1}));
  const Table table = comparison_table(c, summarise(c, 100, 0));
  const std::string csv = table.csv();
  EXPECT_EQ(
      csv.substr(0, csv.find('\n')),
      "probe,reference,sigma,samples,explained,explained_low,explained_high,explained_per_sample,explained_reverse,"
      "denoiser_explained,denoiser_explained_low,denoiser_explained_high,denoiser_explained_per_sample,"
      "denoiser_explained_reverse,score_mse,score_mse_low,score_mse_high,denoiser_mse,denoiser_mse_low,"
      "denoiser_mse_high");
  EXPECT_NE(csv.find("\ndata,a,0.5,50,1,1,1,1,1,1,1,1,1,1,0,0,0,0,0,0\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("\nnoise,a,1,50,1,"), std::string::npos);
}

// For two isotropic Gaussians N(0, a I) and N(0, b I) at noise probes, E|D_a - D_b|^2 / E|D_a - x|^2 =
// (A - B)^2 / (1 - A)^2 with A = a / (a + sigma^2), whatever the probe: every probe has the same ratio.
TEST(Comparison, IsExactForTwoIsotropicGaussians) {
  const int64_t d = 6;
  const double a = 0.7, b = 0.2;
  const torch::Tensor mean = torch::zeros({d}, torch::kFloat64);
  const auto model = network_subject("a", std::shared_ptr<Denoiser>(make_isotropic(mean, a, {d})));
  const auto reference = network_subject("b", std::shared_ptr<Denoiser>(make_isotropic(mean, b, {d})));
  const std::vector<double> sigmas = {0.1, 1, 10};
  const Comparison c = compare(model, {reference}, nullptr, small_comparison(sigmas));
  const auto rows = summarise(c, 200, 0);
  ASSERT_EQ(rows.size(), 3u);
  for (size_t i = 0; i < sigmas.size(); ++i) {
    const double s2 = sigmas[i] * sigmas[i], A = a / (a + s2), B = b / (b + s2);
    EXPECT_NEAR(rows[i].score.value, 1 - (A - B) * (A - B) / ((1 - A) * (1 - A)), 1e-4);
    EXPECT_NEAR(rows[i].score.reverse, 1 - (A - B) * (A - B) / ((1 - B) * (1 - B)), 1e-4);
    EXPECT_NEAR(rows[i].denoiser.value, 1 - (A - B) * (A - B) / (A * A), 1e-4);
    EXPECT_NEAR(rows[i].score.per_sample, rows[i].score.value, 1e-4);
    EXPECT_NEAR(rows[i].score.high - rows[i].score.low, 0, 1e-4);  // no spread between probes
  }
}

// A Gaussian against the isotropic one: at noise probes x = sigma n the expectations are sums over eigenvalues.
TEST(Comparison, AgreesWithTheExpectationOfTwoGaussians) {
  const torch::Tensor eigenvalues = torch::tensor({2., 0.5, 0.01}, torch::kFloat64);
  const GaussianStats stats{torch::zeros({3}, torch::kFloat64), torch::eye(3, torch::kFloat64), eigenvalues, 0, 100};
  const auto model = network_subject("gaussian", std::shared_ptr<Denoiser>(make_gaussian(stats, {3})));
  const auto reference = network_subject("isotropic", std::shared_ptr<Denoiser>(make_isotropic(stats, {3})));
  const std::vector<double> sigmas = {0.3, 1};
  const Comparison c = compare(model, {reference}, nullptr, small_comparison(sigmas, 20'000));
  const auto rows = summarise(c, 300, 1);
  for (size_t i = 0; i < sigmas.size(); ++i) {
    const double s2 = sigmas[i] * sigmas[i];
    const torch::Tensor gain = eigenvalues / (eigenvalues + s2);
    const double iso = eigenvalues.mean().item<double>() / (eigenvalues.mean().item<double>() + s2);
    const double expected = 1 - ((gain - iso).square().sum() / (gain - 1).square().sum()).item<double>();
    EXPECT_NEAR(rows[i].score.value, expected, 0.02);
    EXPECT_LT(rows[i].score.low, expected + 0.01);
    EXPECT_GT(rows[i].score.high, expected - 0.01);
    EXPECT_LT(rows[i].score.low, rows[i].score.high);
  }
}

TEST(Comparison, EvaluatesEachDenoiserOnceAndDoesNotDependOnTheBatch) {
  const auto model = std::make_shared<Affine>(4, 0.5, 0.1), other = std::make_shared<Affine>(4, 0.4, 0.);
  const auto third = std::make_shared<Affine>(4, 0.9, 0.);
  const auto data = points(30, 4);
  CompareOptions options = small_comparison({0.2, 2});
  const std::vector<Subject> references = {network_subject("b", other), network_subject("c", third)};
  const Comparison first = compare(network_subject("m", model), references, data, options);
  EXPECT_EQ(model->rows, 2 * 2 * 50);
  EXPECT_EQ(other->rows, 2 * 2 * 50);
  options.batch = 7;
  const Comparison second = compare(network_subject("m", model), references, data, options);
  for (auto field : {&Comparison::difference, &Comparison::model_score, &Comparison::model_denoised,
                     &Comparison::reference_score, &Comparison::reference_denoised}) {
    EXPECT_LE(test::relative_deviation(first.*field, second.*field), 1e-6);
  }
}

TEST(Comparison, RefusesWhatDoesNotFit) {
  const auto model = std::make_shared<Affine>(4, 0.5, 0.1, 10.), other = std::make_shared<Affine>(3, 0.4, 0.);
  const auto error = [&](std::vector<double> sigmas, std::shared_ptr<Affine> reference,
                         std::shared_ptr<const DataSource> data) {
    return test::error_of([&] {
      compare(network_subject("m", model), {network_subject("r", reference)}, data, small_comparison(sigmas));
    })->code();
  };
  EXPECT_EQ(error({1}, other, nullptr), ExitCode::kUsage);       // shapes of the denoisers
  EXPECT_EQ(error({1}, model, points(9, 3)), ExitCode::kUsage);  // shape of the data
  EXPECT_EQ(error({1, 20}, model, nullptr), ExitCode::kUsage);   // outside the model's range
  for (const std::vector<double>& bad : {std::vector<double>{}, {0.}, {1, 1}, {2, 1}, {std::nan("")}}) {
    EXPECT_EQ(error(bad, model, nullptr), ExitCode::kUsage);
  }
}

TEST(Comparison, HeadlineNeedsTheWholeRangeAbove) {
  Comparison c;
  c.kinds = {ProbeKind::kNoise};
  c.references = {"r"};
  c.sigmas = {0.1, 1, 10, 80};
  std::vector<ComparisonRow> rows(4);
  const auto headline = [&](std::vector<double> lows) {
    for (int64_t i = 0; i < 4; ++i) {
      rows[i].probe = ProbeKind::kNoise;
      rows[i].reference = 0;
      rows[i].level = i;
      rows[i].score.low = lows[i];
    }
    return explained_from(c, rows, ProbeKind::kNoise, 0).value_or(-1);
  };
  EXPECT_EQ(headline({0.5, 0.9, 0.99, 1}), 10);
  EXPECT_EQ(headline({1, 0.9, 0.995, 1}), 10);  // a dip ends it, however good what lies below
  EXPECT_EQ(headline({1, 1, 1, 1}), 0.1);
  EXPECT_EQ(headline({1, 1, 1, 0.98}), -1);
  EXPECT_EQ(headline({1, 1, 1, std::nan("")}), -1);
}

TEST(Bootstrap, CoversTheTruth) {
  // 200 experiments of 60 draws: the mean lies in its 95 % interval about 190 times.
  int covered = 0;
  for (uint64_t experiment = 0; experiment < 200; ++experiment) {
    const torch::Tensor x =
        torch::randn({60, 1}, keyed_generator({experiment, 77}), torch::TensorOptions(torch::kFloat64)) + 3;
    const Interval95 interval = percentile_interval(resampled_totals(x, 500, experiment).select(1, 0) / 60);
    covered += interval.low <= 3 && 3 <= interval.high;
  }
  EXPECT_GE(covered, 178);
  EXPECT_LE(covered, 199);
}

TEST(Bootstrap, IsAFunctionOfTheSeedAndDrawsWholeRows) {
  const torch::Tensor x = torch::arange(8, torch::kFloat64).reshape({8, 1});
  const torch::Tensor pair = torch::cat({x, 2 * x}, 1);
  const torch::Tensor totals = resampled_totals(pair, 300, 4);
  EXPECT_TRUE(torch::equal(totals, resampled_totals(pair, 300, 4)));
  EXPECT_FALSE(torch::equal(totals, resampled_totals(pair, 300, 5)));
  EXPECT_TRUE(torch::equal(totals.select(1, 0) * 2, totals.select(1, 1)));
  EXPECT_NEAR(totals.select(1, 0).mean().item<double>(), 28, 1.5);
  EXPECT_NEAR(totals.select(1, 0).std().item<double>(), std::sqrt(8 * 5.25), 1);
  EXPECT_TRUE(std::isnan(percentile_interval(torch::full({3}, INFINITY, torch::kFloat64)).low));
}

TEST(Probes, DependOnSeedAndPlaceAlone) {
  const auto data = points(10, 3);
  const Probes probes(data, {3}, 25, 9);
  const auto whole = probes.batch(ProbeKind::kData, 0, 25), part = probes.batch(ProbeKind::kData, 12, 5);
  EXPECT_TRUE(torch::equal(whole.noise.narrow(0, 12, 5), part.noise));
  EXPECT_TRUE(torch::equal(whole.clean.narrow(0, 12, 5), part.clean));
  EXPECT_TRUE(torch::equal(whole.clean.narrow(0, 0, 10), whole.clean.narrow(0, 10, 10)));  // each point once a round
  const auto first_round = std::get<0>(whole.clean.narrow(0, 0, 10).select(1, 0).sort());
  EXPECT_TRUE(torch::equal(first_round, std::get<0>(data->rows(0, 10).select(1, 0).sort())));
  const auto noise = probes.batch(ProbeKind::kNoise, 0, 25);
  EXPECT_FALSE(torch::equal(noise.noise, whole.noise));
  EXPECT_TRUE(torch::equal(noise.clean, torch::zeros({25, 3})));
}

TEST(References, OptionsStayWithTheirReference) {
  const std::vector<std::string> expected = {"isotropic",
                                             "mixture,components=10",
                                             "mixture:10",
                                             "gaussian:moons,rank=1",
                                             "net.pt,precond=vp,sha256=ab",
                                             "delta:mnist:D,pad=32",
                                             "./a=b/c.safetensors"};
  std::string list;
  for (const std::string& one : expected) list += (list.empty() ? "" : ",") + one;
  EXPECT_EQ(split_references(list), expected);
  EXPECT_TRUE(split_references("").empty());
}

TEST(References, AreFittedToTheData) {
  const auto data = points(40, 3);
  const References references = open_references({"isotropic", "gaussian", "mixture:2", "delta", "gaussian,rank=1"},
                                                data, {}, 0);
  const std::vector<std::pair<std::string, std::string>> expected = {{"isotropic", "isotropic"},
                                                                     {"gaussian", "gaussian"},
                                                                     {"mixture,components=2", "mixture"},
                                                                     {"delta", "delta"},
                                                                     {"gaussian,rank=1", "gaussian"}};
  ASSERT_EQ(references.subjects.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(references.subjects[i].name, expected[i].first);
    EXPECT_EQ(references.subjects[i].kind, expected[i].second);
  }
  EXPECT_TRUE(references.gaussian.has_value());
  for (const char* bad : {"gausian", "mixture", "delta:3", "gaussian:classes"}) {
    EXPECT_EQ(test::error_of([&] { open_references({bad}, data, {}, 0); })->code(), ExitCode::kUsage) << bad;
  }
  EXPECT_EQ(test::error_of([&] { open_references({"gaussian"}, nullptr, {}, 0); })->code(), ExitCode::kUsage);
  // In whichever spelling.
  EXPECT_EQ(test::error_of([&] { open_references({"mixture:2", "mixture,components=2"}, data, {}, 0); })->code(),
            ExitCode::kUsage);
}

TEST(Comparison, AnyNumberOfRanksGivesTheBitsOfOneAndSharesTheCalls) {
  const test::ThreadCount one_thread(1);
  const auto data = points(700, 3);
  const auto model = std::make_shared<Affine>(3, 0.5, 0.1);
  const auto references = [&](Comm& comm) {
    return open_references({"isotropic", "gaussian", "mixture,components=2", "delta"}, data, {}, 0, comm).subjects;
  };
  const auto one = compare(network_subject("a", model), references(alone()), data, small_comparison({0.1, 1, 10}));
  EXPECT_EQ(model->rows, 2 * 3 * 50);
  for (const int size : {2, 3}) {
    test::run_ranks(size, [&](Comm& comm) {
      const auto own = std::make_shared<Affine>(3, 0.5, 0.1);
      const auto shared = compare(network_subject("a", own), references(comm), data, small_comparison({0.1, 1, 10}),
                                  comm);
      for (const auto field : {&Comparison::difference, &Comparison::model_score, &Comparison::model_denoised,
                               &Comparison::reference_score, &Comparison::reference_denoised}) {
        EXPECT_TRUE((shared.*field).equal(one.*field)) << size;
      }
      EXPECT_LT(own->rows, model->rows);
      auto rows = torch::full({1}, own->rows, torch::kInt64);
      comm.sum(rows);
      EXPECT_EQ(rows.item<int64_t>(), model->rows);
    });
  }
}

}  // namespace
}  // namespace farfield

#include "samplers/sampler.h"

#include <cmath>

#include "core/math/random.h"
#include "models/analytic/analytic.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/seed_batch.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

std::vector<int64_t> some_seeds(int64_t count) {
  std::vector<int64_t> seeds;
  for (int64_t i = 0; i < count; ++i) seeds.push_back(1000 - 7 * i);
  return seeds;
}

// Sixty points in four dimensions.
std::unique_ptr<AnalyticDenoiser> some_data() {
  SampleRandom random(5);
  return make_delta(random.normal({60, 1, 2, 2}, torch::kFloat64) * 0.5, {1, 2, 2});
}

// Takes ten classes; class k moves the mean to k.
class Labelled final : public Denoiser {
 public:
  const DenoiserInfo& info() const override { return info_; }

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor&, const torch::Tensor& labels) const override {
    const auto classes = torch::arange(10, labels.options());
    return torch::zeros_like(x) + labels.matmul(classes).to(x.dtype()).view({-1, 1});
  }
  DenoiserInfo info_{.name = "labelled", .sample_shape = {3}, .label_dim = 10};
};

// N(0.3, 0.25 I) that takes ten classes and ignores them.
class LabelledGaussian final : public Denoiser {
 public:
  const DenoiserInfo& info() const override { return info_; }

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor&) const override {
    const auto variance = (sigma * sigma).view({-1, 1});
    return (0.3 * variance + 0.25 * x) / (variance + 0.25);
  }
  DenoiserInfo info_{.name = "labelled Gaussian", .sample_shape = {3}, .label_dim = 10};
};

TEST(SeedBatch, draws_in_the_reference_order_whatever_the_batch) {
  const DenoiserInfo model{.name = "m", .sample_shape = {3, 4, 5}, .label_dim = 10};
  const auto seeds = some_seeds(9);
  SeedBatch whole(seeds, model);
  const auto first = whole.noise(), second = whole.noise();
  for (size_t i = 0; i < seeds.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    SampleRandom random(seeds[i]);
    EXPECT_TRUE(torch::equal(whole.latents()[row], random.normal({3, 4, 5}, torch::kFloat32).to(torch::kFloat64)));
    EXPECT_EQ(whole.classes()[row].item<int64_t>(), random.integer(10));
    EXPECT_TRUE(torch::equal(first[row], random.normal({3, 4, 5}, torch::kFloat64)));
    EXPECT_TRUE(torch::equal(second[row], random.normal({3, 4, 5}, torch::kFloat64)));
  }
  EXPECT_EQ(whole.latents().scalar_type(), torch::kFloat64);
}

TEST(SeedBatch, no_integer_is_drawn_for_a_model_without_labels) {
  const DenoiserInfo model{.name = "m", .sample_shape = {6}};
  const auto seeds = some_seeds(1);
  SeedBatch batch(seeds, model);
  SampleRandom random(seeds[0]);
  random.normal({6}, torch::kFloat32);
  EXPECT_TRUE(torch::equal(batch.noise()[0], random.normal({6}, torch::kFloat64)));
  EXPECT_EQ(batch.classes().item<int64_t>(), -1);
}

// A denoiser that works number by number leaves nothing to rounding: the samples are the same bit for bit.
TEST(Sampler, every_solver_gives_a_seed_the_same_sample_in_any_batch) {
  const test::ThreadCount one(1);
  const LabelledGaussian denoiser;
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    const int64_t count = solver->adaptive() ? 9 : 64;  // those run sample by sample
    for (const double s_churn : {0.0, 10.0}) {
      SampleRequest request{.seeds = some_seeds(count), .levels = noise_levels({.steps = 9}), .batch = 64};
      request.churn = {.s_churn = s_churn, .s_min = 0.05};
      request.trajectory = true;
      const auto whole = sample(denoiser, *solver, request);
      for (const int64_t batch : {1, 7}) {
        request.batch = batch;
        const auto parts = sample(denoiser, *solver, request);
        EXPECT_TRUE(torch::equal(parts.x, whole.x)) << name << " batch " << batch;
        EXPECT_TRUE(torch::equal(parts.trajectory, whole.trajectory)) << name << " batch " << batch;
        EXPECT_TRUE(torch::equal(parts.denoised, whole.denoised)) << name << " batch " << batch;
        EXPECT_EQ(parts.nfe, whole.nfe);
      }
      EXPECT_TRUE(torch::equal(whole.trajectory[-1], whole.x));
      EXPECT_EQ(whole.x.sizes(), (std::vector<int64_t>{count, 3}));
      EXPECT_EQ(whole.trajectory.size(0), static_cast<int64_t>(whole.levels.size()));
      EXPECT_EQ(whole.denoised.size(0), whole.trajectory.size(0) - 1);
    }
  }
}

TEST(Sampler, a_denoiser_of_products_gives_the_same_sample_to_rounding) {
  const test::ThreadCount one(1);
  const auto denoiser = some_data();
  for (const char* name : {"euler", "heun", "dpmpp_2m", "unipc3_bh2", "lms4"}) {
    const auto solver = make_solver(name);
    SampleRequest request{.seeds = some_seeds(64), .levels = noise_levels({.steps = 9}), .batch = 64};
    request.churn = {.s_churn = 10, .s_min = 0.05};
    const auto whole = sample(*denoiser, *solver, request);
    for (const int64_t batch : {1, 7}) {
      request.batch = batch;
      EXPECT_LE(test::deviation(sample(*denoiser, *solver, request).x, whole.x), 1e-12) << name << " batch " << batch;
    }
  }
}

TEST(Sampler, classes_are_drawn_or_set_and_the_noise_stays) {
  const Labelled denoiser;
  const auto solver = make_solver("euler");
  SampleRequest request{.seeds = some_seeds(20), .levels = {80, 1, 0}, .batch = 6};
  const auto drawn = sample(denoiser, *solver, request);
  EXPECT_TRUE(torch::allclose(drawn.x, drawn.classes.to(torch::kFloat64).view({-1, 1}).expand({20, 3})));
  EXPECT_GT(drawn.classes.max().item<int64_t>(), drawn.classes.min().item<int64_t>());
  request.label = 4;
  request.trajectory = true;
  request.churn.s_churn = 1;
  const auto set = sample(denoiser, *solver, request);
  EXPECT_TRUE(torch::allclose(set.x, torch::full({20, 3}, 4, torch::kFloat64)));
  EXPECT_TRUE(set.classes.eq(4).all().item<bool>());
  request.label.reset();
  const auto free = sample(denoiser, *solver, request);
  EXPECT_TRUE(torch::equal(free.trajectory[0], set.trajectory[0])) << "the class integer is drawn either way";
  EXPECT_EQ(free.classes.sizes(), drawn.classes.sizes());
  EXPECT_TRUE(torch::equal(free.classes, drawn.classes));
}

// EDM's algorithm 2 and its per-seed streams, written down independently with torch in Python. Seeds count mod 2^32.
TEST(Sampler, known_samples_of_known_seeds) {
  const LabelledGaussian denoiser;
  SampleRequest request{.seeds = {0, 7, 4294967303, 123456789012}, .levels = noise_levels({.steps = 8})};
  request.churn = {.s_churn = 20, .s_min = 0.05, .s_max = 50, .s_noise = 1.003};
  const auto samples = sample(denoiser, *make_solver("heun"), request);
  const auto expected = torch::tensor({{-0.134846827119792, 0.474599208792115, 1.52774333847864},
                                       {-0.543371760666932, -1.11316763373391, 0.850233955055647},
                                       {-0.543371760666932, -1.11316763373391, 0.850233955055647},
                                       {0.278557589605467, 1.28175870973236, -0.20377566070242}},
                                      torch::kFloat64);
  EXPECT_LE(test::deviation(samples.x, expected), 1e-13);
  EXPECT_TRUE(torch::equal(samples.classes, torch::tensor({7, 8, 8, 3}, torch::kInt64)));
  EXPECT_EQ(samples.nfe, 15);
}

TEST(Sampler, a_teleported_run_starts_at_its_level_and_counts_what_it_did) {
  SampleRandom random(3);
  GaussianStats stats{.mean = random.normal({4}, torch::kFloat64),
                      .basis = torch::eye(4, torch::kFloat64),
                      .eigenvalues = torch::tensor({0.7, 0.2, 0.1, 0.01}, torch::kFloat64)};
  const auto denoiser = make_gaussian(stats, {1, 2, 2});
  const auto levels = noise_levels({.steps = 40});
  SampleRequest request{.seeds = some_seeds(10), .levels = levels, .batch = 4};
  const auto whole = sample(*denoiser, *make_solver("heun"), request);
  request.teleport = Teleport{levels[20], stats};
  int64_t evaluated = 0;
  request.on_evaluation = [&](int64_t samples) { evaluated += samples; };
  const auto short_run = sample(*denoiser, *make_solver("heun"), request);
  EXPECT_EQ(whole.nfe, 79);
  EXPECT_EQ(short_run.nfe, 39);
  EXPECT_EQ(evaluated, 39 * 10);
  EXPECT_EQ(short_run.levels, std::vector<double>(levels.begin() + 20, levels.end()));
  EXPECT_LE(test::deviation(short_run.x, whole.x), 5e-3) << "on the Gaussian itself only Heun's own error is left";
}

TEST(Sampler, requests_that_do_not_fit_the_model_are_usage_errors) {
  const auto denoiser = some_data();
  const auto refused = [&](const Denoiser& model, SampleRequest request, const std::string& words) {
    const auto error = test::error_of([&] { sample(model, *make_solver("euler"), request); });
    ASSERT_TRUE(error) << words;
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  };
  const SampleRequest good{.seeds = {1}, .levels = {80, 1, 0}};
  auto request = good;
  request.label = 1;
  refused(*denoiser, request, "takes no labels");
  request.label = 10;
  refused(Labelled(), request, "knows 0 to 9");
  request = good;
  request.seeds.clear();
  refused(*denoiser, request, "no seeds");
  request = good;
  request.batch = 0;
  refused(*denoiser, request, "batch is 0");
  request = good;
  const auto unit = [](int64_t d) {
    return GaussianStats{.mean = torch::zeros({d}), .basis = torch::eye(d), .eigenvalues = torch::ones({d})};
  };
  request.teleport = Teleport{1, unit(3)};
  refused(*denoiser, request, "3 dimensions");
  request.teleport = Teleport{100, unit(4)};
  refused(*denoiser, request, "sigma is 100");
}

TEST(Sampler, any_number_of_ranks_gives_the_bits_of_one) {
  const test::ThreadCount one_thread(1);
  const auto denoiser = some_data();
  SampleRequest request{.seeds = some_seeds(11), .levels = noise_levels({.steps = 6}), .batch = 3};
  request.churn = {.s_churn = 6};
  request.trajectory = true;
  for (const char* name : {"heun", "euler_ancestral", "dpm_adaptive"}) {
    if (std::string(name) == "dpm_adaptive") request.trajectory = false;
    request.churn.s_churn = std::string(name) == "heun" ? 6 : 0;
    const auto solver = make_solver(name);
    request.on_evaluation = {};
    const auto one = sample(*denoiser, *solver, request);
    for (const int size : {2, 3}) {
      test::run_ranks(size, [&](Comm& comm) {
        SampleRequest own = request;
        int64_t evaluated = 0;
        own.on_evaluation = [&](int64_t samples) { evaluated += samples; };
        const auto shared = sample(*denoiser, *solver, own, comm);
        EXPECT_EQ(shared.nfe, one.nfe) << name;
        EXPECT_TRUE(shared.classes.equal(one.classes));
        if (!solver->adaptive()) {
          EXPECT_EQ(evaluated, 11 * one.nfe) << name;
        }
        if (!comm.is_root()) return;
        EXPECT_TRUE(shared.x.equal(one.x)) << name << " on " << size << " ranks";
        if (!request.trajectory) return;
        EXPECT_TRUE(shared.trajectory.equal(one.trajectory)) << name;
      });
    }
  }
}

}  // namespace
}  // namespace farfield

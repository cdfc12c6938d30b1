// Methods of restoration by what is known of them: limits, exact posteriors, the order of the solver, moments of the
// stochastic ones, and that samples do not see one another.
#include <cmath>
#include <functional>
#include <numeric>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/math/eigen.h"
#include "models/analytic/analytic.h"
#include "models/operators/kernels.h"
#include "models/operators/operators.h"
#include "models/restoration/gaussian_posterior.h"
#include "samplers/gaussian_flow.h"
#include "samplers/restoration/restore.h"
#include "samplers/restoration/step_methods.h"
#include "samplers/sampler.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/seed_batch.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::error_of;
using test::normals;
using test::relative_deviation;
using torch::Tensor;

const std::vector<int64_t> kShape = {1, 4, 4};

std::vector<double> edm_levels(int64_t steps) {
  NoiseLevelOptions options;
  options.steps = steps;
  return noise_levels(options);
}

// A correlated Gaussian of 16 numbers.
GaussianStats correlated() {
  const Tensor factor = normals({16, 16}, 1) * 0.2;
  const SymmetricEigen eigen = covariance_eigen(factor.matmul(factor.t()) + 0.02 * torch::eye(16, torch::kFloat64));
  return {0.3 * normals({16}, 2), eigen.vectors, eigen.values, 0, 0};
}

// The prior N(mean, S) with an operator and a measurement of a draw of it.
struct Scene {
  Scene(std::shared_ptr<const LinearOperator> which, double noise)
      : op(std::move(which)), sigma_y(noise), stats(correlated()), prior(make_gaussian(stats, kShape)) {
    truth = gaussian_draw(stats, normals({1, 1, 4, 4}, 3));
    y = op->apply(truth);
    y = y + sigma_y * op->where_measured(normals(y.sizes(), 4));
  }
  std::shared_ptr<const LinearOperator> op;
  double sigma_y;
  GaussianStats stats;
  std::unique_ptr<AnalyticDenoiser> prior;
  Tensor truth, y;

  RestoreRequest request(int64_t samples, int64_t steps) const {
    RestoreRequest request;
    request.seeds.resize(static_cast<size_t>(samples));
    std::iota(request.seeds.begin(), request.seeds.end(), 10);
    request.y = y.repeat_interleave(samples, 0);
    request.sigma_y = sigma_y;
    request.levels = edm_levels(steps);
    return request;
  }
  Restored run(const std::string& text, const RestoreRequest& request, const std::string& solver = "euler") const {
    const RestorationMethod method = make_method(text, {*op, sigma_y, request.levels});
    return restore(*prior, *op, method, *make_solver(solver), request);
  }
  ExactPosterior posterior() const { return {to_mixture(stats), *op, sigma_y}; }
};

Scene masked(double noise) {
  Tensor mask = torch::zeros({4, 4}, torch::kFloat64);
  mask.narrow(0, 0, 3).narrow(1, 1, 3).fill_(1);
  return {make_mask("mask", kShape, mask), noise};
}
Scene pooled(double noise) { return {make_pool("pool", kShape, 2), noise}; }
Scene blurred(double noise) { return {make_blur("blur", kShape, gaussian_kernel(3, 0.7), 1), noise}; }

Tensor unconditional(const Scene& scene, const RestoreRequest& of, const std::string& solver) {
  SampleRequest request;
  request.seeds = of.seeds;
  request.levels = of.levels;
  return sample(*scene.prior, *make_solver(solver), request).x;
}

TEST(Restoration, DiffpirOfTheSlides) {
  Tensor matrix = torch::zeros({2, 3}, torch::kFloat64);
  matrix[0][0] = matrix[1][1] = 1;
  GaussianStats stats;
  stats.mean = torch::tensor({0.3, -0.5, 0.0}, torch::kFloat64);
  stats.eigenvalues = torch::tensor({1.0, 0.25, 0.04}, torch::kFloat64);
  stats.basis = torch::zeros({3, 3}, torch::kFloat64);
  stats.basis[1][0] = stats.basis[0][1] = stats.basis[2][2] = 1;
  const auto gaussian = make_gaussian(stats, {3});
  const auto op = make_matrix("matrix", {3}, matrix);
  RestoreRequest request;
  request.seeds = {0};
  request.y = torch::tensor({{1.0, 0.2}}, torch::kFloat64);
  request.sigma_y = 0.1;
  request.levels = edm_levels(18);
  request.latents = torch::tensor({{0.5, -1.0, 2.0}}, torch::kFloat64);
  const RestorationMethod method = make_method("diffpir,lambda=1,xi=0", {*op, 0.1, request.levels});
  const Restored end = restore(*gaussian, *op, method, *make_solver("euler"), request);
  const Tensor expected = torch::tensor({{1.016594520866, 0.115308890943, 0.330610855445}}, torch::kFloat64);
  EXPECT_LE((end.x - expected).abs().max().item<double>(), 1e-11);
  EXPECT_EQ(end.nfe, 18);
  EXPECT_EQ(end.products, 0);
}

TEST(Restoration, InfiniteLambdaIsTheUnconditionalRun) {
  const Scene scene = blurred(0.05);
  const RestoreRequest request = scene.request(4, 20);
  EXPECT_LE(relative_deviation(scene.run("diffpir,lambda=inf,xi=0", request).x, unconditional(scene, request, "euler")),
            1e-12);
  EXPECT_LE(relative_deviation(scene.run("dps,zeta=0,form=euler", request).x, unconditional(scene, request, "euler")),
            1e-12);
  EXPECT_LE(relative_deviation(scene.run("dps,zeta=0,form=heun", request).x, unconditional(scene, request, "heun")),
            1e-12);
  EXPECT_LE(relative_deviation(scene.run("dps,zeta=0", request).x, unconditional(scene, request, "euler_ancestral")),
            1e-12);
}

TEST(Restoration, AnOperatorThatSeesNothingLeavesThePrior) {
  Scene scene = blurred(0.05);
  Tensor faint = torch::zeros({1, 16}, torch::kFloat64);
  faint[0][3] = 1e-200;
  scene.op = make_matrix("matrix", kShape, faint);
  scene.y = torch::zeros({1, 1}, torch::kFloat64);
  RestoreRequest request = scene.request(1, 20);
  request.y = scene.y;
  const Tensor alone = unconditional(scene, request, "euler");
  for (const std::string method : {"diffpir,xi=0", "dps,form=euler", "dps_gauss", "pigdm", "tweedie"})
    EXPECT_LE(relative_deviation(scene.run(method, request).x, alone), 1e-12) << method;
}

TEST(Restoration, KnownPixelsStayWithoutNoise) {
  const Scene scene = masked(0);
  const RestoreRequest request = scene.request(3, 12);
  for (const std::string method : {"diffpir", "diffpir,start=measurement", "ddnm"}) {
    const Restored end = scene.run(method, request);
    EXPECT_TRUE(torch::equal(scene.op->apply(end.x), request.y)) << method;
  }
  EXPECT_LE(relative_deviation(scene.op->apply(scene.run("ddrm", request).x), request.y), 1e-14);
}

TEST(Restoration, TweedieReachesTheExactPosteriorAtTheOrderOfTheSolver) {
  for (const Scene& scene : {masked(0.1), pooled(0.05), blurred(0.05)}) {
    const ExactPosterior posterior = scene.posterior();
    const SymmetricEigen eigen = covariance_eigen(posterior.covariance(0));
    const GaussianStats exact{posterior.means(scene.y)[0], eigen.vectors, eigen.values, 0, 0};
    for (const auto& [solver, order] : std::vector<std::pair<std::string, double>>{{"euler", 1}, {"heun", 2}}) {
      std::vector<double> errors;
      for (const int64_t steps : {40, 80}) {
        const RestoreRequest request = scene.request(2, steps);
        const Tensor x = scene.run("tweedie,tolerance=1e-13,products=500", request, solver).x;
        const Tensor start = SeedBatch(request.seeds, scene.prior->info()).latents() * request.levels.front();
        errors.push_back(relative_deviation(x, gaussian_flow(exact, start, request.levels.front(), 0)));
      }
      EXPECT_GT(std::log2(errors[0] / errors[1]), order - 0.35) << scene.op->info().name << " " << solver;
    }
  }
}

// Mean and covariance over many seeds, against the posterior's; `allowed` of the largest entry of each.
void expect_posterior_moments(const Scene& scene, const std::string& method, const std::string& solver,
                              double allowed) {
  RestoreRequest request = scene.request(4000, 40);
  const Tensor x = scene.run(method, request, solver).x.flatten(1);
  const ExactPosterior posterior = scene.posterior();
  const Tensor centred = x - x.mean(0, true), covariance = centred.t().matmul(centred) / static_cast<double>(x.size(0));
  EXPECT_LE((x.mean(0) - posterior.means(scene.y)[0]).abs().max().item<double>(), allowed) << method;
  EXPECT_LE((covariance - posterior.covariance(0)).abs().max().item<double>(), allowed) << method << " by " << solver;
}

TEST(Restoration, SamplesHaveThePosteriorsMoments) {
  const Scene scene = masked(0.3);
  expect_posterior_moments(scene, "tweedie", "heun", 0.06);
  expect_posterior_moments(scene, "tweedie", "dpmpp_2m_sde", 0.06);
}

// One step of a method on the Gaussian prior: x' = of_state x + offset + fresh z, all affine.
struct AffineStep {
  Tensor of_state, offset;  // [16, 16], [16]
  Tensor fresh;             // [16]: deviations of the fresh noise
};

// D(x; s) = gain x + rest of the scene's prior.
struct AffinePrior {
  AffinePrior(const Scene& scene, double s) {
    const Tensor values = scene.stats.eigenvalues;
    gain = scene.stats.basis.matmul((values / (values + s * s)).unsqueeze(1) * scene.stats.basis.t());
    rest = scene.stats.mean - gain.mv(scene.stats.mean);
  }
  Tensor gain, rest;
};

// From the closed forms in step_methods.h, for the mask of masked(), whose A^T A is diagonal.
AffineStep diffpir_step(const Scene& scene, double s, double to, double lambda, double xi) {
  const Tensor known = scene.op->apply(torch::ones({1, 1, 4, 4}, torch::kFloat64)).flatten();
  const double rho = lambda * scene.sigma_y * scene.sigma_y / (s * s), along = to * std::sqrt(1 - xi) / s;
  const Tensor kept = rho / (known + rho);
  const AffinePrior prior(scene, s);
  const Tensor held = kept.unsqueeze(1) * prior.gain,
               offset = kept * prior.rest + known * scene.y.flatten() / (known + rho);
  return {(1 - along) * held + along * torch::eye(16, torch::kFloat64), (1 - along) * offset,
          torch::full({16}, to * std::sqrt(xi), torch::kFloat64)};
}

AffineStep ddrm_step(const Scene& scene, double s, double to, double eta, double eta_b) {
  const Tensor known = scene.op->apply(torch::ones({1, 1, 4, 4}, torch::kFloat64)).flatten();
  const Tensor y = scene.y.flatten(), one = torch::ones_like(y);
  const double sy = scene.sigma_y, kept = std::sqrt(1 - eta * eta) * to;
  // Shares of the state's noise and of the measurement; what is left is D's.
  const Tensor of_noise = (1 - known) * (kept / s);
  const Tensor of_y = known * (to < sy ? kept / sy : eta_b);
  const AffinePrior prior(scene, s);
  const double measured = to < sy ? eta * to : std::sqrt(to * to - eta_b * eta_b * sy * sy);
  return {(one - of_noise - of_y).unsqueeze(1) * prior.gain + of_noise.diag(),
          (one - of_noise - of_y) * prior.rest + of_y * y, (1 - known) * (eta * to) + known * measured};
}

// Mean and covariance of 4000 samples against those that the steps carry N(0, s_0^2 I) to, within 5 standard errors.
void expect_moments_of(const Scene& scene, const std::string& method,
                       const std::function<AffineStep(double, double)>& step) {
  const RestoreRequest request = scene.request(4000, 12);
  const auto count = static_cast<double>(request.seeds.size());
  const double first = request.levels.front();
  Tensor mean = torch::zeros({16}, torch::kFloat64), covariance = first * first * torch::eye(16, torch::kFloat64);
  for (size_t i = 0; i + 1 < request.levels.size(); ++i) {
    const AffineStep one = step(request.levels[i], request.levels[i + 1]);
    mean = one.of_state.mv(mean) + one.offset;
    covariance = one.of_state.matmul(covariance).matmul(one.of_state.t()) + one.fresh.square().diag();
  }
  const Tensor x = scene.run(method, request).x.flatten(1), centred = x - x.mean(0, true);
  const Tensor found = centred.t().matmul(centred) / count, variances = covariance.diagonal();
  // A state that the last step makes of D alone has numbers that hardly vary.
  const Tensor mean_error = (variances / count).sqrt() + 1e-9;
  const Tensor error = ((variances.unsqueeze(1) * variances + covariance.square()) / count).sqrt() + 1e-9;
  constexpr double kErrors = 5;
  EXPECT_LE(((x.mean(0) - mean) / mean_error).abs().max().item<double>(), kErrors) << method;
  EXPECT_LE(((found - covariance) / error).abs().max().item<double>(), kErrors) << method;
  EXPECT_GT(variances.max().item<double>(), 1e-3) << method;
}

TEST(Restoration, StochasticStepsHaveTheMomentsOfTheirClosedForm) {
  const Scene scene = masked(0.3);
  expect_moments_of(scene, "diffpir,lambda=2,xi=0.4",
                    [&](double s, double to) { return diffpir_step(scene, s, to, 2, 0.4); });
  expect_moments_of(scene, "ddrm", [&](double s, double to) { return ddrm_step(scene, s, to, 0.85, 1); });
  expect_moments_of(scene, "ddrm,eta=0.5,eta_b=0.6",
                    [&](double s, double to) { return ddrm_step(scene, s, to, 0.5, 0.6); });
}

TEST(Restoration, StartsFromTheMeasurementNoisedToTheFirstLevel) {
  const Scene scene = pooled(0.05);
  RestoreRequest request = scene.request(2, 1);  // one step to 0: x' = prox of D(x; s_0)
  request.levels = {3, 0};
  const Tensor z = SeedBatch(request.seeds, scene.prior->info()).latents().to(torch::kFloat64);
  const auto ends = [&](const Tensor& start) {
    const double rho = scene.sigma_y * scene.sigma_y / 9;
    return scene.op->prox(request.y, (*scene.prior)(start, 3.0), torch::full({1}, rho, torch::kFloat64));
  };
  const Tensor seen = scene.op->pseudo_inverse(request.y);
  EXPECT_LE(relative_deviation(scene.run("diffpir,start=measurement", request).x, ends(seen + 3 * z)), 1e-12);
  EXPECT_LE(relative_deviation(scene.run("diffpir", request).x, ends(3 * z)), 1e-12);
}

TEST(Restoration, EverySampleIsRestoredByItself) {
  const Scene scene = pooled(0.05);
  for (const std::string method :
       {"diffpir", "ddnm", "ddrm", "dps", "dps,clip=yes", "dps,form=heun", "dps_yt", "dps_gauss", "pigdm", "tweedie"}) {
    RestoreRequest all = scene.request(3, 8);
    all.y = all.y * torch::tensor({1.0, -0.5, 3.0}, torch::kFloat64).reshape({3, 1, 1, 1});
    const Tensor together = scene.run(method, all).x;
    for (int64_t i = 0; i < 3; ++i) {
      RestoreRequest one = all;
      one.seeds = {all.seeds[static_cast<size_t>(i)]};
      one.y = all.y.narrow(0, i, 1);
      EXPECT_LE(relative_deviation(scene.run(method, one).x[0], together[i]), 1e-10) << method;
    }
  }
}

TEST(Restoration, CountsEvaluationsAndProductsApart) {
  const Scene scene = pooled(0.05);
  const RestoreRequest request = scene.request(2, 6);
  const auto counts = [&](const std::string& method, const std::string& solver) {
    const Restored end = scene.run(method, request, solver);
    return std::pair(end.nfe, end.products);
  };
  EXPECT_EQ(counts("diffpir", "euler"), std::pair(int64_t{6}, int64_t{0}));
  EXPECT_EQ(counts("dps", "euler"), std::pair(int64_t{6}, int64_t{6}));
  EXPECT_EQ(counts("dps,form=heun", "euler"), std::pair(int64_t{11}, int64_t{6}));
  EXPECT_EQ(counts("pigdm", "heun"), std::pair(int64_t{11}, int64_t{11}));
  EXPECT_EQ(counts("tweedie,products=1", "euler"), std::pair(int64_t{6}, int64_t{12}));
}

TEST(Restoration, DpsYtIsTheChainOfTheVariancePreservingProcess) {
  const Scene scene = masked(0.2);
  const Measurement measurement{*scene.op, scene.y, scene.sigma_y};
  const double s = 1.3, t = 0.9, lambda = 7;
  const Tensor x = normals({1, 1, 4, 4}, 5), z = normals({1, 1, 4, 4}, 6);
  RunPlan plan;
  plan.brownian = [&](double, double) { return z; };
  const auto solver = make_dps_yt(measurement, lambda);
  const Tensor got = solver->step(scene.prior->bind(), x, {s, t}, solver->make_memory(plan).get()).x;
  // In the scale of the process: x_vp = a x, a^2 = 1/(1 + s^2); alpha = a(s)^2/a(t)^2 = 1 - beta.
  const double a = 1 / std::sqrt(1 + s * s), b = 1 / std::sqrt(1 + t * t), alpha = a * a / (b * b), beta = 1 - alpha;
  const Tensor denoised = (*scene.prior)(x, s), eps = (x - denoised) / s;
  Tensor next = (a * x - beta / std::sqrt(1 - a * a) * eps) / std::sqrt(alpha) + std::sqrt(beta) * z;
  next = next / b;
  const Tensor expected = next + beta / (lambda * 0.04) *
                                     scene.op->adjoint(scene.op->where_measured(scene.y - scene.op->apply(next)));
  EXPECT_LE(relative_deviation(got, expected), 1e-13);
}

TEST(Restoration, WhatAMethodCannotDoIsSaidBeforeAnyWork) {
  const Scene scene = pooled(0.05);
  const auto phase = make_phase("phase,oversample=2", kShape, 1);
  const std::vector<double> levels = edm_levels(10);
  const auto words = [&](const std::string& text, const Operator& op, double sigma_y) -> std::string {
    const auto error = error_of([&] { (void)make_method(text, {op, sigma_y, levels}); });
    return error ? error->what() : "";
  };
  EXPECT_NE(words("dps_gauss", *scene.op, 0).find("divides by sigma_y"), std::string::npos);
  EXPECT_NE(words("dps_yt", *scene.op, 0).find("divides by sigma_y"), std::string::npos);
  EXPECT_NE(words("dps_yt,lambda=1e-3", *scene.op, 0.05).find("grow without bound up to"), std::string::npos);
  EXPECT_NE(words("diffpir", *phase, 0).find("is not linear"), std::string::npos);
  for (const char* method : {"ddnm", "ddrm", "dps_yt", "pigdm", "tweedie"})
    EXPECT_NE(words(method, *phase, 0.05).find("needs a linear operator"), std::string::npos) << method;
  EXPECT_NE(words("diffpir,zeta=1", *scene.op, 0.05).find("unknown option"), std::string::npos);
  EXPECT_NE(words("diffpr", *scene.op, 0.05).find("did you mean 'diffpir'"), std::string::npos);
  EXPECT_NE(words("diffpir,xi=2", *scene.op, 0.05).find("from 0 to 1"), std::string::npos);
  EXPECT_EQ(make_method("dps", {*phase, 0.05, levels}).text, "dps,clip=no,form=ancestral,zeta=1");
  EXPECT_EQ(make_method("diffpir", {*make_mask("mask", kShape, torch::ones({4, 4})), 0.05, levels}).text,
            "diffpir,compat=no,lambda=1,relax=1,start=noise,xi=1");
}

}  // namespace
}  // namespace farfield

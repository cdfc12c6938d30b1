// The closed forms of a Gaussian against the golden vectors of the group gaussian_theory.
#include <gtest/gtest.h>

#include "analysis/theory/gaussian_curves.h"
#include "analysis/theory/rotation.h"
#include "core/math/eigen.h"
#include "models/analytic/analytic.h"
#include "samplers/gaussian_flow.h"
#include "tests/support/golden_analysis.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::AnalysisCase;
using test::expect_golden;

std::optional<AnalysisCase> theory_case(const std::string& id) {
  for (const AnalysisCase& one : test::analysis_cases("gaussian_theory")) {
    if (one.id == "gaussian_theory." + id) return one;
  }
  return std::nullopt;
}

std::vector<double> numbers(const torch::Tensor& values) {
  const torch::Tensor plain = values.to(torch::kFloat64).contiguous();
  return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
}

// f(scale, eigenvalue) at every scale (rows) and eigenvalue (columns).
template <class Function>
torch::Tensor grid(const std::vector<NoiseScale>& scales, const std::vector<double>& eigenvalues, Function f) {
  torch::Tensor values = torch::empty({static_cast<int64_t>(scales.size()), static_cast<int64_t>(eigenvalues.size())},
                                      torch::kFloat64);
  for (size_t i = 0; i < scales.size(); ++i) {
    for (size_t k = 0; k < eigenvalues.size(); ++k) {
      values[static_cast<int64_t>(i)][static_cast<int64_t>(k)] = f(scales[i], eigenvalues[k]);
    }
  }
  return values;
}

torch::Tensor of_eigenvalues(const std::vector<double>& eigenvalues, double (*f)(double)) {
  std::vector<double> values;
  for (const double l : eigenvalues) values.push_back(f(l));
  return torch::tensor(values, torch::kFloat64);
}

std::vector<NoiseScale> at_steps(const torch::Tensor& steps) {
  const std::vector<NoiseScale> table = ddpm_scales();
  std::vector<NoiseScale> scales;
  for (int64_t i = 0; i < steps.size(0); ++i) scales.push_back(table[steps[i].item<int64_t>()]);
  return scales;
}

GaussianStats gaussian_in(const AnalysisCase& one) {
  return {one.inputs.at("mean").clone(), one.inputs.at("U").clone(), one.inputs.at("eigenvalues").clone(), 0, 0};
}

TEST(GaussianTheory, golden_gaussian_theory_ve_functions) {
  const auto one = theory_case("ve_functions");
  if (!one) GTEST_SKIP() << "no golden vectors";
  const double start = one->params.at("sigma_T");
  const std::vector<double> eigenvalues = numbers(one->inputs.at("eigenvalues"));
  std::vector<NoiseScale> scales;
  for (const double sigma : numbers(one->inputs.at("sigmas"))) scales.push_back(ve_scale(sigma));
  const NoiseScale from = ve_scale(start);
  expect_golden(*one, "psi", grid(scales, eigenvalues, [&](NoiseScale at, double l) { return psi(l, at, from); }));
  expect_golden(*one, "xi", grid(scales, eigenvalues, [&](NoiseScale at, double l) { return xi(l, at, from); }));
  expect_golden(*one, "dxi_dsigma",
                grid(scales, eigenvalues, [&](NoiseScale at, double l) { return xi_slope_ve(l, at.s, start); }));
  expect_golden(*one, "amplification",
                grid(scales, eigenvalues, [](NoiseScale at, double l) { return amplification(l, at); }));
  expect_golden(*one, "peak_sigma", of_eigenvalues(eigenvalues, [](double l) { return critical_levels(l).steepest; }));
  expect_golden(*one, "peak_log_sigma",
                of_eigenvalues(eigenvalues, [](double l) { return critical_levels(l).steepest_log; }));
}

TEST(GaussianTheory, golden_gaussian_theory_vp_functions) {
  const auto one = theory_case("vp_functions");
  if (!one) GTEST_SKIP() << "no golden vectors";
  const std::vector<double> eigenvalues = numbers(one->inputs.at("eigenvalues"));
  const std::vector<NoiseScale> scales = at_steps(one->inputs.at("step_index"));
  const NoiseScale from = ddpm_scales().back();
  std::vector<double> alpha, s, sigma;
  for (const NoiseScale& scale : scales) {
    alpha.push_back(scale.alpha);
    s.push_back(scale.s);
    sigma.push_back(scale.sigma());
  }
  expect_golden(*one, "alpha", torch::tensor(alpha, torch::kFloat64));
  expect_golden(*one, "sigma", torch::tensor(s, torch::kFloat64));
  expect_golden(*one, "ve_sigma", torch::tensor(sigma, torch::kFloat64));
  expect_golden(*one, "psi_bar", grid(scales, eigenvalues, [&](NoiseScale at, double l) { return psi(l, at, from); }));
  expect_golden(*one, "xi_bar", grid(scales, eigenvalues, [&](NoiseScale at, double l) { return xi(l, at, from); }));
  expect_golden(*one, "amplification",
                grid(scales, eigenvalues, [](NoiseScale at, double l) { return amplification(l, at); }));
  expect_golden(*one, "critical_alpha", of_eigenvalues(eigenvalues, [](double l) { return critical_levels(l).alpha; }));
}

TEST(GaussianTheory, golden_gaussian_theory_ve_trajectory) {
  const auto one = theory_case("ve_trajectory");
  if (!one) GTEST_SKIP() << "no golden vectors";
  const GaussianStats gaussian = gaussian_in(*one);
  const double start = one->params.at("sigma_T");
  const std::vector<double> sigmas = numbers(one->inputs.at("sigmas"));
  const torch::Tensor deltas = one->inputs.at("delta"), eigenvalues = gaussian.eigenvalues;
  std::vector<torch::Tensor> states, denoised, effects;
  for (size_t i = 0; i < sigmas.size(); ++i) {
    states.push_back(gaussian_flow(gaussian, one->inputs.at("xT"), start, sigmas[i]));
    denoised.push_back(gaussian_flow_denoised(gaussian, one->inputs.at("xT"), start, sigmas[i]));
    if (static_cast<int64_t>(i) >= deltas.size(0)) continue;
    const torch::Tensor factors = grid({ve_scale(sigmas[i])}, numbers(eigenvalues),
                                       [](NoiseScale at, double l) { return amplification(l, at); });
    const torch::Tensor along = deltas[static_cast<int64_t>(i)].matmul(gaussian.basis) * factors;
    effects.push_back(along.matmul(gaussian.basis.t()));
  }
  expect_golden(*one, "x", torch::stack(states));
  expect_golden(*one, "denoised", torch::stack(denoised));
  expect_golden(*one, "perturbation_effect", torch::stack(effects));
}

TEST(GaussianTheory, golden_gaussian_theory_vp_rotation) {
  const auto one = theory_case("vp_rotation");
  if (!one) GTEST_SKIP() << "no golden vectors";
  const GaussianStats gaussian = gaussian_in(*one);
  const std::vector<NoiseScale> scales = at_steps(one->inputs.at("step_index"));
  const NoiseScale start = ddpm_scales().back();
  const torch::Tensor x_start = one->inputs.at("xT") / start.alpha;  // of the exploding view
  std::vector<torch::Tensor> states;
  std::vector<double> alphas;
  for (const NoiseScale& scale : scales) {
    states.push_back(gaussian_flow(gaussian, x_start, start.sigma(), scale.sigma()) * scale.alpha);
    alphas.push_back(scale.alpha);
  }
  const torch::Tensor x0 = gaussian_flow(gaussian, x_start, start.sigma(), 0);
  expect_golden(*one, "x", torch::stack(states));
  expect_golden(*one, "x0", x0);
  const RotationPlane plane = rotation_plane(torch::stack(states), x0, alphas);
  expect_golden(*one, "residual", plane.residual.t());
  expect_golden(*one, "plane", torch::cat({plane.coordinates, plane.share.unsqueeze(2)}, 2));
}

TEST(GaussianTheory, golden_gaussian_theory_far_field) {
  const auto one = theory_case("far_field");
  if (!one) GTEST_SKIP() << "no golden vectors";
  const torch::Tensor weights = one->inputs.at("weights"), means = one->inputs.at("means");
  const torch::Tensor mean = weights.matmul(means), centred = means - mean;
  const torch::Tensor covariance = (weights.view({-1, 1, 1}) * one->inputs.at("covs")).sum(0) +
                                   centred.t().matmul(weights.unsqueeze(1) * centred);
  expect_golden(*one, "mean", mean);
  expect_golden(*one, "cov", covariance);
  std::vector<torch::Tensor> bases, eigenvalues;
  for (int64_t k = 0; k < means.size(0); ++k) {
    const SymmetricEigen one_of_them = covariance_eigen(one->inputs.at("covs")[k].contiguous());
    bases.push_back(one_of_them.vectors.t());
    eigenvalues.push_back(one_of_them.values);
  }
  const MixtureStats mixture{weights.clone(),
                             means.clone(),
                             torch::stack(bases),
                             torch::stack(eigenvalues),
                             torch::zeros_like(weights),
                             torch::zeros({4}, torch::kInt64)};
  const SymmetricEigen eigen = covariance_eigen(covariance);
  const auto subject = make_mixture(mixture, {6});
  const auto reference = make_gaussian({mean, eigen.vectors, eigen.values, 0, 0}, {6});
  std::vector<torch::Tensor> explained, reverse, ratio;
  for (const double sigma : numbers(one->inputs.at("sigmas"))) {
    const torch::Tensor x = one->inputs.at("points") + sigma * one->inputs.at("noise");
    const torch::Tensor s = score(*subject, x, sigma), s_reference = score(*reference, x, sigma);
    const torch::Tensor residual = (s - s_reference).square().sum(1), power = s.square().sum(1);
    explained.push_back(1 - residual / power);
    reverse.push_back(1 - residual / s_reference.square().sum(1));
    ratio.push_back(1 - residual.sum() / power.sum());
  }
  expect_golden(*one, "explained", torch::stack(explained));
  expect_golden(*one, "explained_reverse", torch::stack(reverse));
  expect_golden(*one, "ratio_of_sums", torch::stack(ratio));
}

}  // namespace
}  // namespace farfield

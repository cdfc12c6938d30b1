// Divergences, flows on fixed grids and adaptive ones against the golden vectors of the group likelihood.
#include <numbers>

#include <gtest/gtest.h>

#include "analysis/likelihood/dequantise.h"
#include "analysis/likelihood/divergence.h"
#include "analysis/likelihood/likelihood_flow.h"
#include "core/math/eigen.h"
#include "models/analytic/analytic.h"
#include "tests/support/golden_analysis.h"

namespace farfield {
namespace {

using test::AnalysisCase;
using test::expect_golden;
using torch::Tensor;

std::vector<AnalysisCase> likelihood_cases(const std::string& kind) {
  std::vector<AnalysisCase> some;
  for (AnalysisCase& one : test::analysis_cases("likelihood")) {
    if (one.kind == kind) some.push_back(std::move(one));
  }
  return some;
}

// sum_k w_k N(m_k, S_k) by eigenpairs; without weights the Gaussian of `mean` and `cov`.
std::unique_ptr<AnalyticDenoiser> denoiser_of(const AnalysisCase& golden) {
  if (golden.inputs.count("weights") == 0) {
    const SymmetricEigen eigen = covariance_eigen(golden.inputs.at("cov"));
    return make_gaussian({golden.inputs.at("mean"), eigen.vectors, eigen.values, 0, 0}, {eigen.values.size(0)});
  }
  const Tensor covariances = golden.inputs.at("covs");
  std::vector<Tensor> bases, values;
  for (int64_t k = 0; k < covariances.size(0); ++k) {
    const SymmetricEigen eigen = covariance_eigen(covariances[k]);
    bases.push_back(eigen.vectors.t());
    values.push_back(eigen.values);
  }
  const int64_t components = covariances.size(0);
  return make_mixture(
      {golden.inputs.at("weights"), golden.inputs.at("means"), torch::stack(bases), torch::stack(values),
       torch::zeros({components}, torch::kFloat64), torch::zeros({components}, torch::kInt64)},
      {covariances.size(1)});
}

FlowRange range_of(const AnalysisCase& golden) {
  return {golden.params.at("sigma_min").get<double>(), golden.params.at("sigma_max").get<double>(), 8};
}

FlowResult flow_of(const AnalysisCase& golden, const Denoiser& denoiser, const FlowSolver& solver,
                   const std::vector<double>& grid) {
  const Divergence divergence(denoiser, {}, {TraceKind::kExact}, 64);
  const FlowDivergence at = [&](const Tensor& x, const Tensor& sigma, const Tensor&) {
    return divergence(x, sigma, {});
  };
  return flow_up(solver, at, golden.inputs.at("x"), range_of(golden), grid);
}

Tensor with_gaussian_prior(const FlowResult& flow, double sigma) {
  const double dim = static_cast<double>(flow.x.size(1));
  return flow.integral.mean(1) -
         0.5 * (flow.x.square().sum(1) / (sigma * sigma) + dim * std::log(2 * std::numbers::pi * sigma * sigma));
}

void expect_flow(const AnalysisCase& golden) {
  const auto denoiser = denoiser_of(golden);
  FlowSolver tight;
  tight.rtol = tight.atol = 1e-11;
  const FlowRange range = range_of(golden);
  const FlowResult flow = flow_of(golden, *denoiser, tight, {});
  const Tensor ll = with_gaussian_prior(flow, range.sigma_max), integral = flow.integral.mean(1);
  expect_golden(golden, "xT", flow.x);
  expect_golden(golden, "L", integral);
  expect_golden(golden, "ll", ll);
  expect_golden(golden, "ll_exact", denoiser->log_density(golden.inputs.at("x"), range.sigma_min));
  expect_golden(golden, "ll_true_prior", integral + denoiser->log_density(flow.x, range.sigma_max));
  if (golden.outputs.count("bits_per_dim_127_5") == 0) return;
  expect_golden(golden, "bits_per_dim_127_5", bits_per_dimension(ll, flow.x.size(1), 127.5));
  expect_golden(golden, "bits_per_dim_128", bits_per_dimension(ll, flow.x.size(1), 128));
}

TEST(GoldenLikelihood, golden_likelihood_of_gaussians_is_the_closed_form) {
  const auto cases = likelihood_cases("closed_form");
  if (cases.empty()) GTEST_SKIP() << "no golden vectors of the group likelihood";
  for (const AnalysisCase& golden : cases) expect_flow(golden);
}

TEST(GoldenLikelihood, golden_likelihood_of_mixtures_by_adaptive_steps) {
  const auto cases = likelihood_cases("adaptive");
  if (cases.empty()) GTEST_SKIP() << "no golden vectors of the group likelihood";
  for (const AnalysisCase& golden : cases) expect_flow(golden);
}

TEST(GoldenLikelihood, golden_likelihood_on_fixed_grids) {
  const auto cases = likelihood_cases("fixed_grid");
  if (cases.empty()) GTEST_SKIP() << "no golden vectors of the group likelihood";
  for (const AnalysisCase& golden : cases) {
    const auto denoiser = denoiser_of(golden);
    const Tensor sigmas = golden.inputs.at("sigmas").contiguous();
    const std::vector<double> grid(sigmas.const_data_ptr<double>(), sigmas.const_data_ptr<double>() + sigmas.numel());
    for (const std::string name : {"euler", "heun", "rk4"}) {
      FlowSolver solver;
      solver.name = name;
      const FlowResult flow = flow_of(golden, *denoiser, solver, grid);
      expect_golden(golden, "xT_" + name, flow.x);
      expect_golden(golden, "L_" + name, flow.integral.mean(1));
      expect_golden(golden, "ll_" + name, with_gaussian_prior(flow, grid.back()));
    }
  }
}

// The golden divergence is that in sigma: ours over sigma.
TEST(GoldenLikelihood, golden_likelihood_divergences_and_their_estimates) {
  const auto cases = likelihood_cases("divergence");
  if (cases.empty()) GTEST_SKIP() << "no golden vectors of the group likelihood";
  for (const AnalysisCase& golden : cases) {
    const auto denoiser = denoiser_of(golden);
    const Tensor x = golden.inputs.at("x"), sigma = golden.inputs.at("sigma");
    const auto estimates = [&](const TraceOptions& options, const Tensor& vectors) {
      return Divergence(*denoiser, {}, options, 64)(x, sigma, vectors).divergence / sigma.unsqueeze(1);
    };
    expect_golden(golden, "divergence", estimates({TraceKind::kExact}, {}).squeeze(1));
    const Tensor signs = golden.inputs.at("rademacher"), normals = golden.inputs.at("gaussian");
    const Tensor rademacher = estimates({TraceKind::kHutchinson, signs.size(1), ProbeLaw::kRademacher}, signs);
    expect_golden(golden, "hutchinson_rademacher", rademacher);
    expect_golden(golden, "hutchinson_gaussian",
                  estimates({TraceKind::kHutchinson, normals.size(1), ProbeLaw::kGaussian}, normals));
    expect_golden(golden, "standard_error_rademacher",
                  rademacher.std(1) / std::sqrt(static_cast<double>(signs.size(1))));
  }
}

}  // namespace
}  // namespace farfield

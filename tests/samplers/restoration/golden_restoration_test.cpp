// Operators, proximal maps, steps and runs of restoration against the golden vectors of the group restoration.
#include <map>

#include <gtest/gtest.h>

#include "core/math/eigen.h"
#include "models/analytic/analytic.h"
#include "models/operators/operators.h"
#include "models/restoration/gaussian_posterior.h"
#include "samplers/integrate.h"
#include "samplers/restoration/step_methods.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/golden_analysis.h"

namespace farfield {
namespace {

using test::AnalysisCase;
using test::expect_golden;
using torch::Tensor;

std::vector<AnalysisCase> restoration_cases(const std::string& kind) {
  std::vector<AnalysisCase> cases;
  for (AnalysisCase& one : test::analysis_cases("restoration")) {
    if (one.kind == kind) cases.push_back(std::move(one));
  }
  return cases;
}

std::vector<int64_t> shape_of(const AnalysisCase& one) {
  return {one.params.at("channels"), one.params.at("height"), one.params.at("width")};
}

std::unique_ptr<LinearOperator> operator_of(const AnalysisCase& one) {
  if (one.inputs.contains("mask")) return make_mask("mask", shape_of(one), one.inputs.at("mask"));
  const int64_t factor = one.params.value("factor", 1);
  if (!one.inputs.contains("kernel")) return make_pool("pool", shape_of(one), factor);
  return make_blur("blur", shape_of(one), one.inputs.at("kernel"), factor);
}

// Flattened samples as a batch of `shape`.
Tensor batch_of(const Tensor& rows, std::vector<int64_t> shape) {
  shape.insert(shape.begin(), rows.dim() == 1 ? 1 : rows.size(0));
  return rows.reshape(shape);
}

GaussianStats prior_stats(const AnalysisCase& one) {
  const SymmetricEigen eigen = covariance_eigen(one.inputs.at("cov"));
  return {one.inputs.at("mean").clone(), eigen.vectors, eigen.values, 0, 0};
}

// A case with everything that its steps want.
struct Setting {
  explicit Setting(const AnalysisCase& golden)
      : op(operator_of(golden)),
        prior(make_gaussian(prior_stats(golden), shape_of(golden))),
        measurement{*op, batch_of(golden.inputs.at("y"), op->info().measurement_shape), golden.params.at("sigma_y")} {}
  std::unique_ptr<LinearOperator> op;
  std::unique_ptr<AnalyticDenoiser> prior;
  Measurement measurement;

  std::unique_ptr<Denoiser> guided(Spread spread) const {
    return make_posterior_denoiser(*prior, measurement, {spread, 1e-14, 1000});
  }
  std::unique_ptr<const Solver> dps(double zeta, DpsOptions::Form form) const {
    return make_dps(*prior, {}, measurement, {zeta, form, false});
  }
};

Tensor step_of(const Setting& setting, const Solver& solver, const AnalysisCase& golden) {
  const Interval interval{golden.params.at("sigma"), golden.params.at("sigma_next")};
  const Tensor z = batch_of(golden.inputs.at("z"), shape_of(golden)),
               x = batch_of(golden.inputs.at("x"), shape_of(golden));
  RunPlan plan;
  plan.brownian = [&](double, double) { return z; };
  return solver.step(setting.prior->bind(), x, interval, solver.make_memory(plan).get()).x.flatten(1);
}

TEST(Restoration, golden_restoration_operators) {
  const auto cases = restoration_cases("operator");
  if (cases.empty()) GTEST_SKIP() << "no golden vectors";
  for (const AnalysisCase& one : cases) {
    const auto op = operator_of(one);
    expect_golden(one, "Ax", op->apply(batch_of(one.inputs.at("z"), shape_of(one))).flatten(1));
    expect_golden(one, "ATy", op->adjoint(batch_of(one.inputs.at("zy"), op->info().measurement_shape)).flatten(1));
    if (one.outputs.contains("norm_A")) expect_golden(one, "norm_A", torch::tensor(op->norm(), torch::kFloat64));
    const ExactPosterior posterior(to_mixture(prior_stats(one)), *op, one.params.at("sigma_y"));
    const Tensor y = batch_of(one.inputs.at("y"), op->info().measurement_shape);
    expect_golden(one, "posterior_mean", posterior.means(y)[0]);
    expect_golden(one, "posterior_cov", posterior.covariance(0));
  }
}

TEST(Restoration, golden_restoration_prox) {
  const auto cases = restoration_cases("prox");
  if (cases.empty()) GTEST_SKIP() << "no golden vectors";
  for (const AnalysisCase& one : cases) {
    const auto op = operator_of(one);
    const Tensor z = batch_of(one.inputs.at("z"), shape_of(one)), rho = one.inputs.at("rho");
    Tensor y = batch_of(one.inputs.at("y"), op->info().measurement_shape);
    y = torch::cat({y, y});
    std::vector<Tensor> found;
    for (int64_t i = 0; i < rho.size(0); ++i) found.push_back(op->prox(y, z, rho[i].reshape({1})).flatten(1));
    expect_golden(one, "prox", torch::stack(found));
    if (one.outputs.contains("ddnm"))
      expect_golden(one, "ddnm", op->prox(y, z, torch::zeros({1}, torch::kFloat64)).flatten(1));
  }
}

TEST(Restoration, golden_restoration_steps) {
  const auto cases = restoration_cases("step");
  if (cases.empty()) GTEST_SKIP() << "no golden vectors";
  for (const AnalysisCase& one : cases) {
    const Setting setting(one);
    const double sigma = one.params.at("sigma"), zeta = one.params.at("zeta");
    const Tensor x = batch_of(one.inputs.at("x"), shape_of(one));
    const auto at = setting.prior->linearised(x, sigma);
    expect_golden(one, "D", at.denoised.flatten(1));
    const Tensor r = setting.measurement.residual(at.denoised), size = r.flatten(1).norm(2, 1);
    expect_golden(one, "residual_norm", size);
    expect_golden(one, "gradient", -at.times(setting.op->adjoint(r / size.reshape({-1, 1, 1, 1}))).flatten(1));
    using Form = DpsOptions::Form;
    expect_golden(one, "dps_euler", step_of(setting, *setting.dps(zeta, Form::kEuler), one));
    expect_golden(one, "dps_ancestral", step_of(setting, *setting.dps(zeta, Form::kAncestral), one));
    const DiffpirOptions diffpir{one.params.at("lambda"), one.params.at("xi")};
    expect_golden(one, "diffpir", step_of(setting, *make_diffpir(setting.measurement, diffpir), one));
    const double rho = diffpir.lambda * std::pow(setting.measurement.sigma_y / sigma, 2);
    expect_golden(
        one, "diffpir_x0",
        setting.op->prox(setting.measurement.rows_like(x), at.denoised, torch::full({1}, rho, torch::kFloat64))
            .flatten(1));
    expect_golden(one, "guided_dps_gauss", (*setting.guided(Spread::kNone))(x, sigma).flatten(1));
    expect_golden(one, "guided_pigdm", (*setting.guided(Spread::kUnit))(x, sigma).flatten(1));
    expect_golden(one, "guided_tweedie", (*setting.guided(Spread::kTweedie))(x, sigma).flatten(1));
  }
}

// What carries a case's latents through its levels; noise i in step i.
Tensor run_of(const AnalysisCase& golden, const Solver& solver, const Denoiser& denoiser) {
  const Tensor sigmas = golden.inputs.at("sigmas"), noise = golden.inputs.at("noise");
  const std::vector<double> levels(sigmas.const_data_ptr<double>(), sigmas.const_data_ptr<double>() + sigmas.numel());
  IntegrateOptions options;
  options.brownian = [&](double from, double) {
    const auto step = std::ranges::find(levels, from) - levels.begin();
    return batch_of(noise[step], shape_of(golden));
  };
  const Tensor start = batch_of(golden.inputs.at("latents"), shape_of(golden)) * levels.front();
  return integrate(solver, denoiser.bind(), start, levels, options).x.flatten(1);
}

TEST(Restoration, golden_restoration_runs) {
  const auto cases = restoration_cases("run");
  if (cases.empty()) GTEST_SKIP() << "no golden vectors";
  for (const AnalysisCase& one : cases) {
    const Setting setting(one);
    const double zeta = one.params.at("zeta"), lambda = one.params.at("lambda");
    const auto euler = make_solver("euler");
    std::map<std::string, std::function<Tensor()>> runs;
    const auto dps = [&](DpsOptions::Form form) {
      return [&, form] { return run_of(one, *setting.dps(zeta, form), *setting.prior); };
    };
    runs["dps_euler"] = dps(DpsOptions::Form::kEuler);
    runs["dps_ancestral"] = dps(DpsOptions::Form::kAncestral);
    for (const auto& [name, xi] : std::map<std::string, double>{{"xi0", 0}, {"xi03", 0.3}, {"xi1", 1}}) {
      runs["diffpir_" + name] = [&, xi = xi] {
        return run_of(one, *make_diffpir(setting.measurement, {lambda, xi}), *setting.prior);
      };
    }
    const auto guided = [&](Spread spread) {
      return [&, spread] { return run_of(one, *euler, *setting.guided(spread)); };
    };
    runs["guided_dps_gauss"] = guided(Spread::kNone);
    runs["guided_pigdm"] = guided(Spread::kUnit);
    runs["guided_tweedie"] = guided(Spread::kTweedie);
    for (const auto& [name, run] : runs) {
      if (one.outputs.contains(name)) expect_golden(one, name, run());
    }
  }
}

}  // namespace
}  // namespace farfield

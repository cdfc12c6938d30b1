// UniPC (Zhao et al. 2023): the predictor UniP-p and the corrector UniC-p, which uses the evaluation at the predicted
// point; that evaluation is the next step's, so a step costs one.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/multistep.h"
#include "samplers/solvers/phi_functions.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

struct UniPcVariant {
  int max_order;
  bool bh2;  // B(z) = expm1(z); bh1: B(z) = z
  Prediction prediction;
  bool lower_order_final;
};

// One step: x' = x_factor x + sum_k predict[k] m_{i-k}, and corrected with the value m_t at the predicted point
// x' = x_factor x + sum_k correct[k] m_{i-k} + correct_new m_t.
struct StepWeights {
  double x_factor = 0;
  std::vector<double> predict, correct;
  double correct_new = 0;
  bool corrected = false;
};

// Solves rows[j] . x = right[j] by elimination with pivots; at most 3 x 3.
std::vector<double> solve(std::vector<std::vector<double>> rows, std::vector<double> right) {
  const size_t n = right.size();
  for (size_t c = 0; c < n; ++c) {
    size_t pivot = c;
    for (size_t r = c + 1; r < n; ++r) {
      if (std::abs(rows[r][c]) > std::abs(rows[pivot][c])) pivot = r;
    }
    std::swap(rows[c], rows[pivot]);
    std::swap(right[c], right[pivot]);
    for (size_t r = 0; r < n; ++r) {
      if (r == c) continue;
      const double factor = rows[r][c] / rows[c][c];
      for (size_t k = c; k < n; ++k) rows[r][k] -= factor * rows[c][k];
      right[r] -= factor * right[c];
    }
  }
  for (size_t c = 0; c < n; ++c) right[c] /= rows[c][c];
  return right;
}

// rho of sum_k rho_k r_k^{j-1} = b_j, j = 1 ... count, with b_j = j! z phi_{j+1}(z) / B. At count 1 both the predictor
// and the corrector take 1/2 instead of b_1.
std::vector<double> weights_for(const std::vector<double>& r, double z, double b_of_z) {
  if (r.size() == 1) return {0.5};
  std::vector<std::vector<double>> rows;
  std::vector<double> right;
  double factorial = 1;
  for (size_t j = 1; j <= r.size(); ++j) {
    factorial *= static_cast<double>(j);
    right.push_back(factorial * z * phi(static_cast<int>(j) + 1, z) / b_of_z);
    rows.emplace_back();
    for (const double node : r) rows.back().push_back(std::pow(node, static_cast<double>(j) - 1));
  }
  return solve(std::move(rows), std::move(right));
}

// Adds scale rho_k (m_{i-k} - m_i) / r_k, k = 1 ..., to the weights of m_i, m_{i-1}, ...
void add_differences(std::vector<double>& weights, double scale, const std::vector<double>& rho,
                     const std::vector<double>& r) {
  for (size_t k = 0; k < r.size(); ++k) {
    weights[0] -= scale * rho[k] / r[k];
    weights.push_back(scale * rho[k] / r[k]);
  }
}

StepWeights weights_of(const UniPcVariant& variant, const RunPlan& plan, int64_t i) {
  const auto [from, to] = plan.intervals[i];
  const auto steps = static_cast<int64_t>(plan.intervals.size());
  const bool x0 = variant.prediction == Prediction::kDenoised;
  StepWeights result;
  result.x_factor = x0 ? to / from : 1;
  result.predict = {x0 ? 1 - to / from : to - from};
  if (to == 0) return result;  // the step returns D

  int64_t order = usable_values(plan, i, variant.max_order);
  if (variant.lower_order_final) order = std::min(order, steps - i);
  const double h = std::log(from / to), z = x0 ? -h : h, b_of_z = variant.bh2 ? std::expm1(z) : z;
  const double scale = (x0 ? -1 : -to) * b_of_z;
  std::vector<double> r;  // (lambda_{i-k} - lambda_i) / h
  for (int64_t k = 1; k < order; ++k) r.push_back(std::log(from / plan.intervals[i - k].from) / h);

  result.correct = result.predict;
  if (order > 1) add_differences(result.predict, scale, weights_for(r, z, b_of_z), r);
  result.corrected = i + 1 < steps;  // in the last step it would cost an evaluation that nothing else uses
  if (!result.corrected) return result;
  auto with_new = r;
  with_new.push_back(1);
  const auto rho = weights_for(with_new, z, b_of_z);
  add_differences(result.correct, scale, rho, r);
  result.correct[0] -= scale * rho.back();
  result.correct_new = scale * rho.back();
  return result;
}

struct UniPcMemory final : StepMemory {
  std::vector<StepWeights> weights;
  size_t next = 0;
  std::vector<torch::Tensor> values;  // m_i, m_{i-1}, ...; m_i is there when the last step's corrector made it
  torch::Tensor denoised;             // D that m_i is made of
  double evaluated_at = -1;           // its noise level; below 0: not yet there
};

class UniPC final : public Solver {
 public:
  UniPC(std::string name, UniPcVariant variant) : name_(std::move(name)), variant_(variant) {}
  std::string_view name() const override { return name_; }
  int order() const override { return variant_.max_order + 1; }

  std::unique_ptr<StepMemory> make_memory(const RunPlan& plan) const override {
    auto memory = std::make_unique<UniPcMemory>();
    for (size_t i = 0; i < plan.intervals.size(); ++i) {
      memory->weights.push_back(weights_of(variant_, plan, static_cast<int64_t>(i)));
    }
    return memory;
  }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory* run) const override {
    auto& memory = static_cast<UniPcMemory&>(*run);
    const StepWeights& weights = memory.weights.at(memory.next++);
    if (memory.evaluated_at != interval.from) {  // the first step, or one from a level that churn has raised
      if (memory.evaluated_at >= 0) memory.values.erase(memory.values.begin());
      evaluate(denoise, x, interval.from, memory);
    }
    const auto denoised = memory.denoised;
    // Not by the slope, which is that of the predicted state: it would leave the last correction in the sample.
    if (interval.to == 0) return {denoised, denoised};
    const auto predicted = combined(x, weights.x_factor, weights.predict, memory);
    if (!weights.corrected) return {predicted, denoised};

    evaluate(denoise, predicted, interval.to, memory);
    auto with_new = weights.correct;
    with_new.insert(with_new.begin(), weights.correct_new);
    return {combined(x, weights.x_factor, with_new, memory), denoised};
  }

 private:
  void evaluate(const DenoiseFn& denoise, const torch::Tensor& x, double sigma, UniPcMemory& memory) const {
    memory.denoised = denoise(x, sigma);
    memory.evaluated_at = sigma;
    const auto value = variant_.prediction == Prediction::kDenoised
                           ? memory.denoised
                           : linear_combination({{1 / sigma, x}, {-1 / sigma, memory.denoised}});
    memory.values.insert(memory.values.begin(), value);
    const auto longest = static_cast<size_t>(variant_.max_order) + 1;
    if (memory.values.size() > longest) memory.values.resize(longest);
  }

  static torch::Tensor combined(const torch::Tensor& x, double x_factor, const std::vector<double>& weights,
                                const UniPcMemory& memory) {
    std::vector<Term> terms = {{x_factor, x}};
    for (size_t k = 0; k < weights.size(); ++k) terms.push_back({weights[k], memory.values.at(k)});
    return linear_combination(terms);
  }

  std::string name_;
  UniPcVariant variant_;
};

}  // namespace

std::unique_ptr<const Solver> make_unipc(const SolverOptions& options, int max_order, bool bh2) {
  const UniPcVariant variant{.max_order = max_order,
                             .bh2 = bh2,
                             .prediction = prediction_of(options),
                             .lower_order_final = options.flag("lower_order_final", true)};
  return std::make_unique<UniPC>(fmt::format("unipc{}_{}", max_order, bh2 ? "bh2" : "bh1"), variant);
}

}  // namespace farfield

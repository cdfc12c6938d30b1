#include "train/solvers/learned_table.h"

#include <fmt/format.h>
#include <torch/autograd.h>

#include "core/error.h"
#include "samplers/solvers/analytical_first_step.h"

namespace farfield {
namespace {

using torch::Tensor;

std::vector<double> values_of(const std::vector<Tensor>& tensors) {
  std::vector<double> values;
  for (const Tensor& tensor : tensors) values.push_back(tensor.item<double>());
  return values;
}

// One evaluation, repeated on the way back. Labels of no elements stand for none: a graph keeps no undefined tensors.
class Evaluation : public torch::autograd::Function<Evaluation> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& x, const Tensor& sigma,
                        const Tensor& labels, int64_t denoiser) {
    context->save_for_backward({x, sigma, labels});
    context->saved_data["denoiser"] = denoiser;
    return denoiser_at(denoiser)(x, sigma, given(labels));
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Denoiser& denoiser = denoiser_at(context->saved_data["denoiser"].toInt());
    const torch::AutoGradMode with_gradients(true);
    const Tensor x = saved[0].detach().requires_grad_(true), sigma = saved[1].detach().requires_grad_(true);
    const Tensor denoised = denoiser(x, sigma, given(saved[2]));
    if (!denoised.requires_grad()) {
      throw usage_error(fmt::format(
          "{}: has no gradient, and a solver is fitted by gradients; it needs a model that is differentiable",
          denoiser.info().name));
    }
    const auto back = torch::autograd::grad({denoised}, {x, sigma}, {gradients[0]}, /*retain_graph=*/false,
                                            /*create_graph=*/false, /*allow_unused=*/true);
    return {back[0], back[1], Tensor(), Tensor()};
  }

 private:
  static Tensor given(const Tensor& labels) { return labels.numel() > 0 ? labels : Tensor(); }
  static const Denoiser& denoiser_at(int64_t address) {
    return *reinterpret_cast<const Denoiser*>(static_cast<uintptr_t>(address));
  }
};

Tensor sum_of(const Tensor& state, const Tensor& x, const Tensor& own, const Tensor& m, const std::vector<Tensor>& past,
              const std::vector<Tensor>& values) {
  Tensor sum = state * x + own * m;
  for (size_t j = 0; j < past.size(); ++j) sum = sum + past[j] * values.at(j);
  return sum;
}

}  // namespace

SolverTable values_of(const TensorTable& table) {
  SolverTable values{.prediction = table.prediction, .afs = table.afs, .levels = values_of(table.levels), .steps = {}};
  for (const auto& step : table.steps) {
    TableStep<double> row{
        step.network.item<double>(), step.state.item<double>(), step.own.item<double>(), values_of(step.past), {}};
    for (const auto& point : step.points) {
      row.points.push_back({point.level.item<double>(), point.network.item<double>(), point.state.item<double>(),
                            point.own.item<double>(), values_of(point.past), point.weight.item<double>()});
    }
    values.steps.push_back(std::move(row));
  }
  return values;
}

LevelDenoiseFn checkpointed(const Denoiser& denoiser, Tensor labels) {
  const auto address = static_cast<int64_t>(reinterpret_cast<uintptr_t>(&denoiser));
  if (!labels.defined()) labels = torch::empty({0});
  return [address, labels = std::move(labels)](const Tensor& x, const Tensor& sigma) {
    return Evaluation::apply(x, sigma, labels, address);
  };
}

Tensor run_table(const TensorTable& table, const LevelDenoiseFn& denoise, Tensor x) {
  std::vector<Tensor> past;  // newest first
  const auto value = [&](const Tensor& state, const Tensor& denoised, const Tensor& level) {
    return table.prediction == Prediction::kSlope ? (state - denoised) / level : denoised;
  };
  for (size_t i = 0; i < table.steps.size(); ++i) {
    const TableStep<Tensor>& step = table.steps[i];
    const bool analytic = i == 0 && table.afs;
    const Tensor denoised = analytic ? with_analytical_first_step({})(x, table.levels[i].item<double>())
                                     : denoise(x, step.network);
    const Tensor own = value(x, denoised, table.levels[i]);
    Tensor next = sum_of(step.state, x, step.own, own, step.past, past);
    std::vector<Tensor> values = {own};
    for (const auto& point : step.points) {
      const Tensor x_k = sum_of(point.state, x, point.own, own, point.past, past);
      values.push_back(value(x_k, denoise(x_k, point.network), point.level));
      next = next + point.weight * values.back();
    }
    for (const Tensor& one : values) past.insert(past.begin(), one);
    x = std::move(next);
  }
  return x;
}

}  // namespace farfield

#include "analysis/calibrate/heat.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/page/format.h"
#include "analysis/paths/path.h"
#include "analysis/paths/path_batches.h"
#include "core/error.h"
#include "core/log.h"
#include "core/stopwatch.h"
#include "core/text.h"

namespace farfield {
namespace {

using torch::Tensor;

// The states of all trajectories at the wanted levels, and what the model is asked for there.
struct HeatStates {
  std::vector<double> levels;
  Tensor x;       // [L, P, C, H, W]
  Tensor labels;  // [P, classes]; undefined: none
};

HeatStates states_at(const Denoiser& model, const Solver& solver, const SampleRequest& request,
                     const std::function<bool(double)>& wanted) {
  const torch::NoGradGuard no_gradients;
  const PathStart start = path_start(request, model.info(), {0, std::ssize(request.seeds)});
  const Path path = run_path(model, solver, request, start);
  HeatStates states{{}, {}, start.labels};
  std::vector<Tensor> x;
  for (int64_t n = 0; n < path.denoised.size(0); ++n) {
    const double sigma = path.levels[static_cast<size_t>(n)];
    if (!wanted(sigma)) continue;
    states.levels.push_back(sigma);
    x.push_back(path.states[n].to(request.device));
  }
  if (x.empty()) throw usage_error("heat maps: at no level of the schedule is there a mask to make; give lower levels");
  states.x = torch::stack(x);
  return states;
}

// Row r of the result [rows, H W]: the heat of output pixel r mod H W at level r / H W.
class HeatRows {
 public:
  HeatRows(const Denoiser& model, HeatStates states) : model_(model), states_(std::move(states)) {
    channels_ = states_.x.size(2);
    pixels_ = states_.x.size(3) * states_.x.size(4);
  }

  int64_t rows() const { return std::ssize(states_.levels) * pixels_; }
  int64_t products_of_row() const { return states_.x.size(1) * channels_; }
  std::vector<double> levels() const { return states_.levels; }

  Tensor operator()(RowRange rows, const std::function<void(int64_t)>& evaluated) const {
    Tensor heat = torch::zeros({rows.size, pixels_}, torch::kFloat64);
    const Tensor row = torch::arange(rows.first, rows.first + rows.size, torch::kInt64);
    const Tensor level = row.div(pixels_, "floor"), pixel = row.remainder(pixels_);
    const Tensor sigma = torch::tensor(states_.levels, torch::kFloat64).index_select(0, level);
    for (int64_t probe = 0; probe < states_.x.size(1); ++probe) {
      const Tensor x = states_.x.select(1, probe).index_select(0, level.to(states_.x.device()));
      Tensor labels;
      if (states_.labels.defined()) labels = states_.labels.narrow(0, probe, 1).expand({rows.size, -1});
      for (int64_t c = 0; c < channels_; ++c) {
        Tensor v = torch::zeros({rows.size, channels_ * pixels_}, torch::kFloat64);
        v.scatter_(1, (pixel + c * pixels_).unsqueeze(1), 1.0);
        const auto pulled = model_.vector_jacobian(x, sigma, v.reshape(x.sizes()).to(x.device()), labels);
        heat += pulled.product.detach()
                    .to(torch::kCPU, torch::kFloat64)
                    .abs()
                    .reshape({rows.size, channels_, pixels_})
                    .sum(1);
        evaluated(rows.size);
      }
    }
    const Tensor mean = (heat / static_cast<double>(states_.x.size(1))).to(torch::kFloat32);
    // A pixel that depends on nothing has itself.
    const Tensor itself = torch::zeros_like(mean).scatter_(1, pixel.unsqueeze(1), 1.0);
    return mean + itself * mean.sum(1, /*keepdim=*/true).eq(0);
  }

 private:
  const Denoiser& model_;
  HeatStates states_;
  int64_t channels_ = 0, pixels_ = 0;
};

void say_how_long(const HeatRows& heat, int64_t batch) {
  const int64_t rows = std::min(batch, heat.rows());
  const Stopwatch clock;
  (void)heat({0, rows}, [](int64_t) {});
  const double seconds = clock.seconds() * static_cast<double>(heat.rows()) / static_cast<double>(rows);
  log::info(fmt::format("heat maps: {} levels take {} vector-Jacobian products, about {}", heat.levels().size(),
                        heat.rows() * heat.products_of_row(), format_seconds(seconds)));
}

}  // namespace

MeasuredHeat measure_heat(const Denoiser& model, const Solver& solver, const SampleRequest& request,
                          const std::function<bool(double)>& wanted, const PartStore& parts, Comm& comm) {
  check_paths(request, solver, model.info());
  const auto& shape = model.info().sample_shape;
  if (shape.size() != 3) {
    throw usage_error(fmt::format("heat maps: need images [C,H,W], but the samples of {} are [{}]", model.info().name,
                                  join(shape, ",")));
  }
  const HeatRows heat(model, states_at(model, solver, request, wanted));
  do_on_root(comm, [&] { say_how_long(heat, request.batch); });
  BatchWork work{"heat maps", heat.rows(), request.batch, heat.products_of_row(), {"heat"}, {}};
  work.measure = [&](RowRange rows, Progress& progress) {
    return Arrays{{"heat", heat(rows, [&](int64_t products) { progress.advance(products); })}};
  };
  Tensor rows = measure_batches(work, parts, comm)["heat"];
  std::vector<int64_t> sizes = {std::ssize(heat.levels()), shape[1], shape[2], shape[1], shape[2]};
  return {heat.levels(), rows.reshape(sizes)};
}

}  // namespace farfield

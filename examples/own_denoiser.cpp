// A denoiser of one's own under every deterministic solver: points on a circle of radius 1, whose ideal denoiser is known.
#include <iostream>
#include <numeric>

#include "core/error.h"
#include "models/denoiser.h"
#include "samplers/model_levels.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"

// E[x0 | x] of a circle by quadrature over its angle.
class Circle : public farfield::Denoiser {
 public:
  Circle() {
    const auto angle = torch::arange(512, torch::kFloat64) * (2 * M_PI / 512);
    points_ = torch::stack({angle.cos(), angle.sin()}, 1);
    info_.name = "circle";
    info_.sample_shape = {2};
    info_.sigma_data = M_SQRT1_2;
  }
  const farfield::DenoiserInfo& info() const override { return info_; }

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor&) const override {
    const auto points = points_.to(x.device());
    const auto logits = x.to(torch::kFloat64).mm(points.t()) / sigma.square().unsqueeze(1);
    return torch::softmax(logits, 1).mm(points).to(x.scalar_type());
  }
  torch::Tensor points_;
  farfield::DenoiserInfo info_;
};

int main() try {
  const Circle circle;
  farfield::SampleRequest request;
  request.seeds.resize(256);
  std::iota(request.seeds.begin(), request.seeds.end(), 0);
  request.levels = farfield::resolve_levels({.steps = 24, .sigma_max = 40.0}, circle.info());
  for (const auto& name : farfield::solver_names()) {
    const auto solver = farfield::make_solver(name);
    const auto samples = farfield::sample(circle, *solver, request);
    const auto radius = samples.x.norm(2, 1);
    std::cout << name << ": " << samples.nfe << " evaluations, radius " << radius.mean().item<double>() << " +- "
              << radius.std().item<double>() << '\n';
  }
} catch (const farfield::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.code());
}

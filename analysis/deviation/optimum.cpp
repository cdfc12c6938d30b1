#include "analysis/deviation/optimum.h"

#include "core/error.h"
#include "models/analytic/analytic.h"
#include "models/analytic/data_posterior.h"

namespace farfield {

OptimumView look_at(const Denoiser& optimal, const torch::Tensor& x, double sigma, const torch::Tensor& labels) {
  if (const auto* data = dynamic_cast<const DataPosterior*>(&optimal)) {
    const Posterior posterior = data->posterior(x, sigma, labels);
    return {posterior.mean, posterior.log_density, posterior.entropy};
  }
  OptimumView view{optimal(x, sigma, labels), {}, {}};
  if (has_density(optimal)) view.log_density = log_density(optimal, x, sigma, labels);
  return view;
}

bool has_density(const Denoiser& optimal) {
  return dynamic_cast<const DataPosterior*>(&optimal) != nullptr ||
         dynamic_cast<const AnalyticDenoiser*>(&optimal) != nullptr;
}

torch::Tensor log_density(const Denoiser& optimal, const torch::Tensor& x, double h, const torch::Tensor& labels) {
  if (const auto* data = dynamic_cast<const DataPosterior*>(&optimal)) return data->density(x, h, labels);
  const auto* analytic = dynamic_cast<const AnalyticDenoiser*>(&optimal);
  check(analytic != nullptr, "log_density: a denoiser without a density");
  return analytic->log_density(x, h);
}

}  // namespace farfield

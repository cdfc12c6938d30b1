#include "analysis/compare/fixed_probes.h"

#include <ATen/core/grad_mode.h>

#include "core/interrupts.h"

namespace farfield {
namespace {

torch::Tensor in_batches(const torch::Tensor& x, int64_t batch,
                         const std::function<torch::Tensor(const torch::Tensor&)>& call) {
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& part : x.split(batch)) {
    stop_if_interrupted();
    parts.push_back(call(part));
  }
  return torch::cat(parts);
}

// |a - b|^2 over all probes. In float64 from the start, as compare() has it.
double total_squared(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.to(torch::kFloat64) - b.to(torch::kFloat64)).square().sum().item<double>();
}

}  // namespace

FixedProbes::FixedProbes(const std::vector<Subject>& references, std::shared_ptr<const DataSource> data,
                         const CompareOptions& options)
    : batch_(options.batch) {
  options.validate();
  const torch::NoGradGuard no_gradients;
  for (const Subject& reference : references) names_.push_back(reference.name);
  const Probes probes(data, data->info().shape, options.probes, options.seed);
  const Probes::Batch points = probes.batch(ProbeKind::kData, 0, options.probes);
  const torch::Tensor clean = points.clean.to(options.device), noise = points.noise.to(options.device);
  for (const double sigma : options.sigmas) {
    Level level{sigma, clean + sigma * noise, {}};
    for (const Subject& reference : references) {
      level.references.push_back(
          in_batches(level.x, batch_, [&](const torch::Tensor& x) { return reference(x, sigma); }));
    }
    levels_.push_back(std::move(level));
  }
}

std::vector<FixedProbes::Row> FixedProbes::explained(const Denoiser& model) const {
  const torch::NoGradGuard no_gradients;
  std::vector<std::vector<Row>> by_reference(names_.size());
  for (const Level& level : levels_) {
    const auto denoised = in_batches(level.x, batch_, [&](const torch::Tensor& x) { return model(x, level.sigma); });
    const double score = total_squared(denoised, level.x);
    for (size_t r = 0; r < names_.size(); ++r) {
      const double apart = total_squared(denoised, level.references[r]);
      by_reference[r].push_back({names_[r], level.sigma, apart == 0 ? 1 : 1 - apart / score});
    }
  }
  std::vector<Row> rows;
  for (auto& part : by_reference) rows.insert(rows.end(), part.begin(), part.end());
  return rows;
}

}  // namespace farfield

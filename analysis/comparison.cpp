#include "analysis/comparison.h"

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/progress.h"

namespace farfield {
namespace {

torch::Tensor squared_norms(const torch::Tensor& rows) { return rows.flatten(1).square().sum(1); }

void check_levels_of(const Subject& subject, const std::vector<double>& sigmas) {
  const DenoiserInfo& info = subject.denoiser->info();
  for (double sigma : sigmas) {
    if (sigma >= info.sigma_min && sigma <= info.sigma_max) continue;
    throw usage_error(fmt::format("--sigmas: {} is outside the range of {}, {} to {}; leave it out", sigma,
                                  subject.name, info.sigma_min, info.sigma_max));
  }
}

void check_subjects(const Subject& model, const std::vector<Subject>& references, const std::vector<double>& sigmas) {
  check_levels_of(model, sigmas);
  for (const Subject& reference : references) {
    if (reference.denoiser->info().sample_shape != model.denoiser->info().sample_shape) {
      throw usage_error(fmt::format("{}: its samples have another shape than those of {}; compare denoisers of the "
                                    "same data", reference.name, model.name));
    }
    check_levels_of(reference, sigmas);
  }
}

// One batch of probes at one level: fills columns first ... first + B - 1 of the sums.
void compare_batch(const Subject& model, const std::vector<Subject>& references, const Probes::Batch& probes, double sigma,
                   const std::function<void(torch::Tensor Comparison::*, int64_t, const torch::Tensor&)>& keep) {
  const torch::Tensor x = probes.clean + sigma * probes.noise;  // [B, ...shape] float32
  const torch::Tensor exact_x = x.to(torch::kFloat64);
  const torch::Tensor model_denoised = model(x, sigma).to(torch::kFloat64);
  keep(&Comparison::model_score, -1, squared_norms(model_denoised - exact_x));
  keep(&Comparison::model_denoised, -1, squared_norms(model_denoised));
  for (size_t r = 0; r < references.size(); ++r) {
    const torch::Tensor denoised = references[r](x, sigma).to(torch::kFloat64);
    const auto index = static_cast<int64_t>(r);
    keep(&Comparison::difference, index, squared_norms(model_denoised - denoised));
    keep(&Comparison::reference_score, index, squared_norms(denoised - exact_x));
    keep(&Comparison::reference_denoised, index, squared_norms(denoised));
  }
}

}  // namespace

torch::Tensor Subject::operator()(const torch::Tensor& x, double sigma) const {
  if (!label.defined()) return (*denoiser)(x, sigma);
  return (*denoiser)(x, sigma, label.to(x.device()).expand({x.size(0), label.size(0)}));
}

void CompareOptions::validate() const {
  if (sigmas.empty()) throw usage_error("sigmas: empty; give at least one noise level");
  for (size_t i = 0; i < sigmas.size(); ++i) {
    if (!(sigmas[i] > 0) || !std::isfinite(sigmas[i])) {
      throw usage_error(fmt::format("sigmas: {} at place {}; every noise level must be positive and finite", sigmas[i], i));
    }
    if (i > 0 && sigmas[i] <= sigmas[i - 1]) {
      throw usage_error(fmt::format("sigmas: {} after {}; levels must rise", sigmas[i], sigmas[i - 1]));
    }
  }
  if (probes < 2 || probes > 10'000'000) throw usage_error(fmt::format("probes: {}; must be 2 to 10,000,000", probes));
  if (batch < 1) throw usage_error(fmt::format("batch: {}; must be at least 1", batch));
  if (replicates < 100) throw usage_error(fmt::format("replicates: {}; must be at least 100", replicates));
}

Comparison compare(const Subject& model, const std::vector<Subject>& references, std::shared_ptr<const DataSource> data,
                   const CompareOptions& options) {
  options.validate();
  const torch::NoGradGuard no_gradients;
  const std::vector<int64_t>& shape = model.denoiser->info().sample_shape;
  const auto levels = static_cast<int64_t>(options.sigmas.size()), count = static_cast<int64_t>(references.size());
  const Probes probes(data, shape, options.probes, options.seed);
  check_subjects(model, references, options.sigmas);
  Comparison result;
  result.sigmas = options.sigmas;
  result.dimensions = c10::multiply_integers(shape);
  if (data) result.kinds.push_back(ProbeKind::kData);
  result.kinds.push_back(ProbeKind::kNoise);
  for (const Subject& reference : references) result.references.push_back(reference.name);
  const auto kinds = static_cast<int64_t>(result.kinds.size());
  for (auto field : {&Comparison::model_score, &Comparison::model_denoised}) {
    result.*field = torch::zeros({kinds, levels, options.probes}, torch::kFloat64);
  }
  for (auto field : {&Comparison::difference, &Comparison::reference_score, &Comparison::reference_denoised}) {
    result.*field = torch::zeros({kinds, count, levels, options.probes}, torch::kFloat64);
  }

  Progress progress("compare", kinds * levels * options.probes, "probes");
  for (int64_t kind = 0; kind < kinds; ++kind) {
    for (int64_t first = 0; first < options.probes; first += options.batch) {
      const int64_t size = std::min(options.batch, options.probes - first);
      Probes::Batch batch = probes.batch(result.kinds[kind], first, size);
      batch = {batch.clean.to(options.device), batch.noise.to(options.device)};
      for (int64_t level = 0; level < levels; ++level) {
        stop_if_interrupted();
        compare_batch(model, references, batch, options.sigmas[level],
                      [&](torch::Tensor Comparison::*field, int64_t reference, const torch::Tensor& sums) {
                        torch::Tensor rows = (result.*field)[kind];
                        if (reference >= 0) rows = rows[reference];
                        rows[level].narrow(0, first, size).copy_(sums);
                      });
        progress.advance(size);
      }
    }
  }
  return result;
}

}  // namespace farfield

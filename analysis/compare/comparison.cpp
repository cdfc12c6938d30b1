#include "analysis/compare/comparison.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "analysis/compare/probe_sums.h"
#include "core/checked_product.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/limits.h"
#include "core/progress.h"
#include "core/shards.h"
#include "samplers/seed_batch.h"

namespace farfield {
namespace {

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
      throw usage_error(
          fmt::format("{}: its samples have another shape than those of {}; compare denoisers of the "
                      "same data",
                      reference.name, model.name));
    }
    check_levels_of(reference, sigmas);
  }
}

}  // namespace

Tensors compare_batch(const Subject& model, const std::vector<Subject>& references, const Probes::Batch& probes,
                      double sigma) {
  const torch::Tensor x = probes.clean + sigma * probes.noise;  // [B, ...shape] float32
  Tensors denoised;
  for (const Subject& reference : references)
    denoised.push_back(reference.share ? torch::Tensor() : reference(x, sigma, probes.classes));
  return probe_sums(x, model(x, sigma, probes.classes), denoised);
}

torch::Tensor Subject::operator()(const torch::Tensor& x, double sigma, const torch::Tensor& classes) const {
  const int64_t label_dim = denoiser->info().label_dim;
  if (own_classes && label_dim > 0) return (*denoiser)(x, sigma, one_hot_labels(classes, label_dim, x.device()));
  if (!label.defined()) return (*denoiser)(x, sigma);
  return (*denoiser)(x, sigma, label.to(x.device()).expand({x.size(0), label.size(0)}));
}

void CompareOptions::validate() const {
  // Their fourth powers are finite: the mean square of a score is that of D divided by sigma^4.
  constexpr size_t kMostLevels = 1000;
  if (sigmas.empty()) throw usage_error("sigmas: empty; give at least one noise level");
  if (sigmas.size() > kMostLevels) {
    throw usage_error(fmt::format("sigmas: {} noise levels; at most {}", sigmas.size(), kMostLevels));
  }
  for (size_t i = 0; i < sigmas.size(); ++i) {
    if (!limits::is_sigma(sigmas[i])) {
      throw usage_error(fmt::format("sigmas: {} at place {}; every noise level must be from {} to {}", sigmas[i], i,
                                    limits::kLowestSigma, limits::kHighestSigma));
    }
    if (i > 0 && sigmas[i] <= sigmas[i - 1]) {
      throw usage_error(fmt::format("sigmas: {} after {}; levels must rise", sigmas[i], sigmas[i - 1]));
    }
  }
  const auto require = [](const char* name, int64_t value, int64_t low, int64_t high) {
    if (value < low || value > high) throw usage_error(fmt::format("{}: {}; must be {} to {}", name, value, low, high));
  };
  require("probes", probes, 2, limits::kMostProbes);
  require("batch", batch, 1, limits::kMostBatch);
  require("replicates", replicates, 100, limits::kMostIterations);
}

torch::Tensor classes_of(const Subject& model, const Probes& probes, ProbeKind kind, int64_t first, int64_t count) {
  if (!model.own_classes) return {};
  return probes.classes(kind, first, count, model.denoiser->info().label_dim);
}

Comparison compare(const Subject& model, const std::vector<Subject>& references, std::shared_ptr<const DataSource> data,
                   const CompareOptions& options, Comm& comm) {
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
  checked_product("compare: bytes of the sums", {kinds, count + 1, levels, options.probes, 3 * sizeof(double)},
                  limits::kMostBytes);
  for (auto field : {&Comparison::model_score, &Comparison::model_denoised}) {
    result.*field = torch::zeros({kinds, levels, options.probes}, torch::kFloat64);
  }
  for (auto field : {&Comparison::difference, &Comparison::reference_score, &Comparison::reference_denoised}) {
    result.*field = torch::zeros({kinds, count, levels, options.probes}, torch::kFloat64);
  }

  result.evaluated = torch::full({count, levels}, options.probes, torch::kInt64);
  for (int64_t r = 0; r < count; ++r) {
    if (references[static_cast<size_t>(r)].share) result.evaluated[r] = 0;
  }

  if (model.own_classes) {
    Tensors asked;
    for (const ProbeKind kind : result.kinds) asked.push_back(classes_of(model, probes, kind, 0, options.probes));
    result.classes = torch::stack(asked);
  }

  // Parts are the batches of every kind; of each all levels.
  const int64_t batches = (options.probes + options.batch - 1) / options.batch;
  const auto first_of = [&](int64_t part) { return part % batches * options.batch; };
  Progress progress("compare", kinds * levels * options.probes, "probes");
  for_each_shard(comm, kinds * batches, [&](int64_t part) {
    const int64_t size = std::min(options.batch, options.probes - first_of(part));
    Probes::Batch batch = probes.batch(result.kinds[part / batches], first_of(part), size);
    const ProbeKind kind = result.kinds[static_cast<size_t>(part / batches)];
    batch = {batch.clean.to(options.device), batch.noise.to(options.device),
             classes_of(model, probes, kind, first_of(part), size)};
    std::array<Tensors, std::size(kComparisonSums)> sums;
    for (const double sigma : options.sigmas) {
      stop_if_interrupted();
      const Tensors at_level = compare_batch(model, references, batch, sigma);
      for (size_t i = 0; i < sums.size(); ++i) sums[i].push_back(at_level[i]);
      progress.advance(size);
    }
    Tensors stacked;  // [S, B] and [R, S, B]
    for (const Tensors& rows : sums) stacked.push_back(torch::stack(rows, -2).cpu());
    return stacked;
  }, [&](int64_t part, const Tensors& sums) {
    const int64_t size = sums[0].size(-1);
    for (size_t i = 0; i < sums.size(); ++i) {
      (result.*kComparisonSums[i])[part / batches].narrow(-1, first_of(part), size).copy_(sums[i]);
    }
    if (!is_mine(comm, part)) progress.advance(size * levels);
  });
  return result;
}

}  // namespace farfield

#include "samplers/teleport_auto.h"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/limits.h"
#include "core/math/random.h"
#include "core/text.h"
#include "samplers/gaussian_flow.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/seed_batch.h"

namespace farfield {
namespace {

constexpr uint64_t kTeleportPurpose = 0x74656c65706f7274;  // "teleport"

// Points without their noise level: x = clean + sigma noise.
struct Probes {
  torch::Tensor clean, noise;  // [n, ...shape] float64
  torch::Tensor labels;        // [n, label_dim], or undefined
};

Probes make_probes(const DenoiserInfo& model, const GaussianStats& gaussian, const TeleportSearch& search) {
  std::vector<int64_t> shape = model.sample_shape;
  shape.insert(shape.begin(), search.probes);
  Probes probes{torch::empty(shape, torch::kFloat64), torch::empty(shape, torch::kFloat64), {}};
  auto classes = torch::empty({search.probes}, torch::kInt64);
  for (int64_t i = 0; i < search.probes; ++i) {
    const uint64_t key = mix_key({kTeleportPurpose, static_cast<uint64_t>(i)});
    SplitMix64 random(key);
    const int64_t elements = probes.clean[i].numel();
    fill_normal(random.next(), probes.clean[i].data_ptr<double>(), elements);
    fill_normal(random.next(), probes.noise[i].data_ptr<double>(), elements);
    const auto own = static_cast<int64_t>(random.below(std::max<int64_t>(1, model.label_dim)));
    classes[i] = search.label.value_or(own);
  }
  probes.clean = gaussian_draw(gaussian, probes.clean);
  probes.labels = one_hot_labels(classes, model.label_dim, torch::kCPU);
  return probes;
}

double explained_at(const Denoiser& model, const GaussianStats& gaussian, const Probes& probes, double sigma,
                    const TeleportSearch& search) {
  double difference = 0, total = 0;
  for (int64_t first = 0; first < search.probes; first += search.batch) {
    stop_if_interrupted();
    const auto rows = [&](const torch::Tensor& all) {
      return all.narrow(0, first, std::min(search.batch, search.probes - first)).to(search.device);
    };
    const auto x = rows(probes.clean) + sigma * rows(probes.noise);
    const auto denoised = model(x, sigma, probes.labels.defined() ? rows(probes.labels) : torch::Tensor());
    difference += (denoised - gaussian_denoised(gaussian, x, sigma)).square().sum().item<double>();
    total += (denoised - x).square().sum().item<double>();
  }
  return 1 - difference / total;
}

}  // namespace

void TeleportSearch::validate() const {
  const auto require = [](bool holds, const std::string& name, const std::string& value, const std::string& expected) {
    if (!holds) throw usage_error(fmt::format("teleport auto: {} is {}, expected {}", name, value, expected));
  };
  require(threshold > 0 && threshold < 1, "threshold", format_double(threshold),
          "a part between 0 and 1, such as 0.99");
  require(probes >= 2, "probes", std::to_string(probes), "at least 2");
  require(batch >= 1 && batch <= limits::kMostBatch, "batch", std::to_string(batch),
          "1 to " + std::to_string(limits::kMostBatch));
}

ExplainedLevels measure_explained(const Denoiser& model, const GaussianStats& gaussian,
                                  const std::vector<double>& levels, const TeleportSearch& search) {
  search.validate();
  check_levels(levels);
  const at::NoGradGuard no_gradients;
  const Probes probes = make_probes(model.info(), gaussian, search);
  ExplainedLevels measured;
  for (size_t i = 0; i + 1 < levels.size(); ++i) {
    measured.sigmas.push_back(levels[i]);
    measured.explained.push_back(explained_at(model, gaussian, probes, levels[i], search));
    ++measured.evaluations;
    if (!(measured.explained.back() >= search.threshold)) break;
  }
  return measured;
}

double lowest_explained(const ExplainedLevels& measured, double threshold) {
  check(!measured.sigmas.empty(), "lowest_explained: nothing was measured");
  size_t count = 0;
  while (count < measured.sigmas.size() && measured.explained[count] >= threshold) ++count;
  if (count == 0) {
    throw usage_error(
        fmt::format("teleport auto: the Gaussian explains {:.4f} of the model's score at the first level, "
                    "sigma {}, less than the threshold {}; is it fitted to this model's data? (or lower "
                    "--teleport-threshold)",
                    measured.explained[0], format_double(measured.sigmas[0]), format_double(threshold)));
  }
  return measured.sigmas[count - 1];
}

}  // namespace farfield

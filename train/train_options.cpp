#include "train/train_options.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "models/preconditioning.h"
#include "train/loss.h"
#include "train/require.h"

namespace farfield {
namespace {

const std::string kPositive = fmt::format("above 0, at most {}", limits::kMostImages);

void require_interval(int64_t images, const char* field, const std::string& zero) {
  require_option(images >= 0 && images <= limits::kMostImages, field, static_cast<double>(images),
                 fmt::format("{} or more, at most {}", zero, limits::kMostImages));
}

RunOptions read_run(const Config& config) {
  RunOptions run;
  run.images = config.integer("images", run.images);
  run.batch = config.integer("batch", run.batch);
  run.micro_batch = config.integer("micro_batch", run.micro_batch);
  run.seed = static_cast<uint64_t>(config.integer("seed", 0, {0, 0x1p63}));
  run.tick_images = config.integer("tick_images", run.tick_images);
  run.preview_images = config.integer("preview_images", run.preview_images);
  run.snapshot_images = config.integer("snapshot_images", run.snapshot_images);
  run.state_images = config.integer("state_images", run.state_images);
  run.keep_states = config.integer("keep_states", run.keep_states);
  run.precision = config.choice("precision", run.precision, {"auto", "fp32", "bf16"});
  run.nonfinite = config.choice("nonfinite", run.nonfinite, {"stop", "skip"});
  run.gradient_checkpointing = config.flag("gradient_checkpointing", run.gradient_checkpointing);
  run.snapshot_at = config.integers("snapshot_at", run.snapshot_at);
  return run;
}

ProbeOptions read_probes(const Config& config) {
  ProbeOptions probes;
  probes.images = config.integer("images", probes.images);
  probes.count = config.integer("count", probes.count);
  probes.sigmas = config.numbers("sigmas", probes.sigmas);
  probes.references = config.text("references", probes.references);
  return probes;
}

// Every level that is drawn must be one that the preconditioning is defined for.
void require_levels_within(const Preconditioning& preconditioning, const NoiseDistributionOptions& options) {
  const NoiseDistribution noise = make_noise_distribution(options);
  const double low = preconditioning.sigma_min(), high = preconditioning.sigma_max(), slack = 1e-9;
  if (noise.sigma_min >= low * (1 - slack) && noise.sigma_max <= high * (1 + slack)) return;
  const auto names = noise_distribution_names();
  const bool published = std::ranges::find(names, preconditioning.name()) != names.end();
  throw usage_error(fmt::format(
      "loss.noise = {} has levels from {} to {}, but preconditioning.name = {} is defined from {} to {}; set loss.sigma_min "
      "and loss.sigma_max{}",
      options.name, format_double(noise.sigma_min), format_double(noise.sigma_max), preconditioning.name(),
      format_double(low), format_double(high),
      published ? fmt::format(", or take loss.noise = {0} and loss.name = {0}", preconditioning.name()) : ""));
}

void require_probes_within(const ProbeOptions& probes, const ModelConfig& model,
                           const Preconditioning& preconditioning) {
  const double low = std::max(model.sigma_min, preconditioning.sigma_min());
  const double high = std::min(model.sigma_max, preconditioning.sigma_max());
  if (probes.images == 0 || (probes.sigmas.front() >= low && probes.sigmas.back() <= high)) return;
  throw usage_error(fmt::format("probes.sigmas reach from {} to {}, but the network is defined from {} to {}",
                                format_double(probes.sigmas.front()), format_double(probes.sigmas.back()),
                                format_double(low), format_double(high)));
}

}  // namespace

void RunOptions::validate() const {
  constexpr int64_t kMostStates = 1'000'000;
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  require_option(images > 0 && images <= limits::kMostImages, "run.images", number(images), kPositive);
  require_option(batch > 0 && batch <= limits::kMostBatch, "run.batch", number(batch),
                 fmt::format("above 0, at most {}", limits::kMostBatch));
  require_option(micro_batch >= 0 && (micro_batch == 0 || batch % micro_batch == 0), "run.micro_batch",
                 number(micro_batch), fmt::format("0 or a divisor of run.batch = {}", batch));
  require_option(tick_images > 0 && tick_images <= limits::kMostImages, "run.tick_images", number(tick_images),
                 kPositive);
  require_interval(preview_images, "run.preview_images", "0 (never)");
  require_interval(snapshot_images, "run.snapshot_images", "0 (only at the end)");
  require_interval(state_images, "run.state_images", "0 (only at the end)");
  require_option(keep_states >= 2 && keep_states <= kMostStates, "run.keep_states", number(keep_states),
                 fmt::format("2 or more, at most {}", kMostStates));
  for (const int64_t at : snapshot_at) {
    require_option(at > 0 && at <= limits::kMostImages, "run.snapshot_at", number(at), kPositive);
  }
}

void ProbeOptions::validate() const {
  constexpr size_t kMostLevels = 1000;
  require_interval(images, "probes.images", "0 (never)");
  require_option(count >= 2 && count <= 4096, "probes.count", static_cast<double>(count), "2 to 4096");
  if (sigmas.empty() || sigmas.size() > kMostLevels) {
    throw usage_error(fmt::format("probes.sigmas has {} noise levels; expected 1 to {}", sigmas.size(), kMostLevels));
  }
  for (size_t i = 0; i < sigmas.size(); ++i) {
    require_option(sigmas[i] > (i > 0 ? sigmas[i - 1] : 0) && limits::is_sigma(sigmas[i]), "probes.sigmas", sigmas[i],
                   fmt::format("levels that rise, from {} to {}", limits::kLowestSigma, limits::kHighestSigma));
  }
  if (references.empty()) throw usage_error("probes.references is empty; expected for example gaussian,delta");
}

TrainOptions TrainOptions::from_config(const Config& config) {
  TrainOptions options;
  options.data = config.section("data").text("source", "");
  options.network = NetworkConfig::from_config(config.section("network"));

  const Config preconditioning = config.section("preconditioning");
  options.preconditioning = preconditioning.choice("name", options.preconditioning, preconditioning_names());
  options.sigma_data = preconditioning.number("sigma_data", options.sigma_data);

  const Config loss = config.section("loss");
  options.loss = loss.choice("name", options.loss, loss_names());
  options.noise = NoiseDistributionOptions::from_config(loss, options.loss == "edm" ? "lognormal" : options.loss);

  options.augment = AugmentOptions::from_config(config.section("augment"));
  const Config optimiser = config.section("optimiser");
  options.learning_rate = LearningRateOptions::from_config(optimiser);
  options.adam = AdamOptions::from_config(optimiser);
  options.ema = EmaOptions::from_config(config.section("ema"));
  options.run = read_run(config.section("run"));
  options.probes = read_probes(config.section("probes"));
  options.validate();
  return options;
}

void TrainOptions::validate() const {
  if (data.empty()) throw usage_error("data.source is missing; give a data set, for example --set data.source=glyphs");
  require_option(sigma_data >= limits::kLowestSigmaData && sigma_data <= limits::kHighestSigmaData,
                 "preconditioning.sigma_data", sigma_data,
                 fmt::format("above 0, from {} to {}", limits::kLowestSigmaData, limits::kHighestSigmaData));
  make_loss_weight(loss, sigma_data);
  noise.validate();
  require_levels_within(*make_preconditioning(preconditioning, sigma_data), noise);
  augment.validate();
  learning_rate.validate();
  adam.validate();
  ema.validate();
  run.validate();
  probes.validate();
  if (run.gradient_checkpointing && network.model_type == "PointMlp") {
    throw usage_error("run.gradient_checkpointing is true, but a PointMlp has no blocks to run again; leave it out");
  }
  require_probes_within(probes, model_config(), *make_preconditioning(preconditioning, sigma_data));
}

ModelConfig TrainOptions::model_config() const {
  ModelConfig model;
  model.precond = preconditioning;
  model.sigma_data = sigma_data;
  model.network = network;
  model.sigma_min = noise.sigma_min;
  model.sigma_max = noise.sigma_max;
  return model;
}

}  // namespace farfield

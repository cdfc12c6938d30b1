#include "train/train_options.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "models/preconditioning.h"
#include "train/loss.h"
#include "train/require.h"

namespace farfield {
namespace {

constexpr std::array kFreeOnResume = {"data.source",        "run.images",          "run.tick_images",
                                      "run.preview_images", "run.snapshot_images", "run.state_images",
                                      "run.keep_states"};

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
  return run;
}

// "a:\n  b: 1\n" -> {"a.b": "1"}: the text of Config::resolved(), two spaces a level.
std::map<std::string, std::string> flatten(const std::string& resolved) {
  std::map<std::string, std::string> values;
  std::vector<std::string> path;
  for (const auto& line : split(resolved, '\n')) {
    const size_t start = line.find_first_not_of(' ');
    const size_t colon = line.find(':');
    if (start == std::string::npos || colon == std::string::npos) continue;
    path.resize(start / 2);
    path.push_back(line.substr(start, colon - start));
    if (colon + 2 <= line.size()) values[join(path, ".")] = line.substr(std::min(colon + 2, line.size()));
  }
  return values;
}

}  // namespace

void RunOptions::validate() const {
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  require_option(images > 0, "run.images", number(images), "above 0");
  require_option(batch > 0, "run.batch", number(batch), "above 0");
  require_option(micro_batch >= 0 && (micro_batch == 0 || batch % micro_batch == 0), "run.micro_batch",
                 number(micro_batch), fmt::format("0 or a divisor of run.batch = {}", batch));
  require_option(tick_images > 0, "run.tick_images", number(tick_images), "above 0");
  require_option(preview_images >= 0, "run.preview_images", number(preview_images), "0 (never) or more");
  require_option(snapshot_images >= 0, "run.snapshot_images", number(snapshot_images), "0 (only at the end) or more");
  require_option(state_images >= 0, "run.state_images", number(state_images), "0 (only at the end) or more");
  require_option(keep_states >= 2, "run.keep_states", number(keep_states), "2 or more");
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
  options.noise.name = loss.choice("noise", options.noise.name, noise_distribution_names());
  options.noise.p_mean = loss.number("p_mean", options.noise.p_mean);
  options.noise.p_std = loss.number("p_std", options.noise.p_std);

  options.augment.xflip = config.section("augment").flag("xflip", options.augment.xflip);

  const Config optimiser = config.section("optimiser");
  options.learning_rate.rate = optimiser.number("learning_rate", options.learning_rate.rate);
  options.learning_rate.rampup_images = optimiser.integer("rampup_images", options.learning_rate.rampup_images);
  options.adam.beta1 = optimiser.number("beta1", options.adam.beta1);
  options.adam.beta2 = optimiser.number("beta2", options.adam.beta2);
  options.adam.epsilon = optimiser.number("epsilon", options.adam.epsilon);

  const Config ema = config.section("ema");
  options.ema.halflife_images = ema.integer("halflife_images", options.ema.halflife_images);
  options.ema.ramp_ratio = ema.number("ramp_ratio", options.ema.ramp_ratio);

  options.run = read_run(config.section("run"));
  options.validate();
  return options;
}

void TrainOptions::validate() const {
  if (data.empty()) throw usage_error("data.source is missing; give a data set, for example --set data.source=glyphs");
  require_option(std::isfinite(sigma_data) && sigma_data > 0, "preconditioning.sigma_data", sigma_data, "above 0");
  make_preconditioning(preconditioning, sigma_data);
  make_loss_weight(loss, sigma_data);
  noise.validate();
  learning_rate.validate();
  adam.validate();
  ema.validate();
  run.validate();
}

ModelConfig TrainOptions::model_config() const {
  ModelConfig model;
  model.precond = preconditioning;
  model.sigma_data = sigma_data;
  model.network = network;
  return model;
}

void fit_network_to_data(TrainOptions& options, Config& config, const DataInfo& data) {
  const bool images = data.shape.size() == 3;
  if (images && data.shape[1] != data.shape[2]) {
    throw usage_error(fmt::format("data '{}': pictures are {} x {}; networks take square ones", data.name,
                                  data.shape[1], data.shape[2]));
  }
  if (data.count < options.run.batch) {
    throw usage_error(fmt::format("data '{}' has {} samples; run.batch = {} needs at least as many", data.name,
                                  data.count, options.run.batch));
  }
  const std::pair<const char*, int64_t> wanted[] = {
      {"img_resolution", images ? data.shape[1] : 1}, {"img_channels", data.shape[0]}, {"label_dim", data.label_dim}};
  for (const auto& [key, value] : wanted) {
    const Config network = config.section("network");
    if (!network.has(key)) {
      config.set(fmt::format("network.{}={}", key, value));
      continue;
    }
    const int64_t given = network.integer(key, value);
    if (given == value || (given == 0 && std::string_view(key) == "label_dim")) continue;
    throw usage_error(fmt::format("{}: network.{} is {}, but the data '{}' has {}", network.where(key), key, given,
                                  data.name, value));
  }
  options.network = NetworkConfig::from_config(config.section("network"));
  options.network.validate();
}

std::vector<ConfigChange> forbidden_changes(const std::string& before, const std::string& after) {
  const auto old_values = flatten(before), new_values = flatten(after);
  std::map<std::string, ConfigChange> changes;
  for (const auto& [key, value] : old_values) changes[key] = {key, value, "(absent)"};
  for (const auto& [key, value] : new_values) {
    auto& change = changes.try_emplace(key, ConfigChange{key, "(absent)", ""}).first->second;
    change.after = value;
  }
  std::vector<ConfigChange> forbidden;
  for (const auto& [key, change] : changes) {
    if (change.before != change.after && std::ranges::find(kFreeOnResume, key) == kFreeOnResume.end()) {
      forbidden.push_back(change);
    }
  }
  return forbidden;
}

}  // namespace farfield

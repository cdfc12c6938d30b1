#include "train/network_settings.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/json.h"
#include "core/text.h"
#include "train/augment_parameters.h"

namespace farfield {
using nlohmann::json;
namespace {

// Settings of a native model that neither add weights nor change what they mean; label_dim does for the layers that take
// labels alone.
constexpr std::array kFreeOfWeights = {"dropout", "label_dropout", "sigma_min", "sigma_max", "label_dim"};

void fit_augment_dim(const AugmentOptions& augment, Config& config) {
  const Config network = config.section("network");
  const int64_t wanted = augment.label_dim();
  if (!network.has("augment_dim")) return config.set(fmt::format("network.augment_dim={}", wanted));
  const int64_t given = network.integer("augment_dim", wanted);
  if (given == wanted || (given == AugmentParameters::kLabels && wanted == 0)) return;
  throw usage_error(fmt::format("{}: network.augment_dim is {}, but augment.probability = {} gives {} labels",
                                network.where("augment_dim"), given, format_double(augment.probability), wanted));
}

// The network must be one for samples of this shape.
void require_shape_for(const NetworkConfig& network, const DataInfo& data) {
  const std::string samples = fmt::format("data '{}': a sample is {}", data.name, join(data.shape, " x "));
  const bool points = network.model_type == "PointMlp";
  if (data.shape.size() != 1 && data.shape.size() != 3) {
    throw usage_error(
        fmt::format("{}, {} dimensions; networks train on images (arrays [N,H,W] or [N,C,H,W]) and on points (arrays "
                    "[N,d]): reshape the array",
                    samples, data.shape.size()));
  }
  if (data.shape.size() == 1 && !points) {
    throw usage_error(
        fmt::format("{}, a point; network.model_type = {} takes images: set network.model_type = PointMlp", samples,
                    network.model_type));
  }
  if (data.shape.size() == 3 && points) {
    throw usage_error(
        fmt::format("{}, an image; network.model_type = PointMlp takes points: set network.model_type = SongUNet, or "
                    "give an array [N,d]",
                    samples));
  }
}

void fit_resolution(Config& config, const DataInfo& data, const Resolution& wanted) {
  const Config network = config.section("network");
  if (!network.has("img_resolution")) return config.set("network.img_resolution=" + to_text(wanted));
  const Resolution given = NetworkConfig::from_config(network).img_resolution;
  if (given == wanted) return;
  throw usage_error(fmt::format("{}: network.img_resolution is {}, but the data '{}' has {}",
                                network.where("img_resolution"), to_text(given), data.name, to_text(wanted)));
}

}  // namespace

void adopt_model(Config& config, const ModelConfig& model) {
  const auto fill = [&](const std::string& section, const std::string& key, const std::string& value) {
    if (!config.section(section).has(key)) config.set(fmt::format("{}.{}={}", section, key, value));
  };
  const json settings = parse_json(model.json(), "model");
  for (const auto& [key, value] : settings.items()) {
    if (key.starts_with("sigma_") || key == "label_dim") continue;
    fill("network", key, dump_json(value));
  }
  fill("preconditioning", "name", model.precond);
  fill("preconditioning", "sigma_data", format_double(model.sigma_data));
}

std::string model_differences(const ModelConfig& model, const ModelConfig& here) {
  json given = parse_json(model.json(), "model"), own = parse_json(here.json(), "network");
  const NetworkConfig plain;  // what a model's text leaves out
  for (json* settings : {&given, &own}) {
    settings->emplace("innermost_attention", plain.innermost_attention);
    settings->emplace("normalisation", plain.normalisation);
  }
  given["preconditioning"] = model.reference_class();
  own["preconditioning"] = here.reference_class();
  std::vector<std::string> found;
  for (const auto& [key, value] : own.items()) {
    if (std::ranges::find(kFreeOfWeights, key) != kFreeOfWeights.end() || given.value(key, json()) == value) continue;
    found.push_back(fmt::format("{} is {}, here {}", key, dump_json(given.value(key, json())), dump_json(value)));
  }
  return join(found, "; ");
}

void fit_network_to_data(TrainOptions& options, Config& config, const DataInfo& data) {
  const bool images = data.shape.size() == 3;
  require_shape_for(options.network, data);
  if (data.count < options.run.batch) {
    throw usage_error(fmt::format("data '{}' has {} samples; run.batch = {} needs at least as many", data.name,
                                  data.count, options.run.batch));
  }
  if (!images && (options.augment.xflip || options.augment.probability > 0)) {
    throw usage_error(fmt::format(
        "augment: the data '{}' are no images; leave augment.xflip and augment.probability out", data.name));
  }
  fit_augment_dim(options.augment, config);
  fit_resolution(config, data, images ? Resolution(data.shape[1], data.shape[2]) : Resolution(1));
  const std::pair<const char*, int64_t> wanted[] = {{"img_channels", data.shape[0]}, {"label_dim", data.label_dim}};
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

}  // namespace farfield

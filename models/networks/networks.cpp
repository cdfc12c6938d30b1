#include "models/networks/networks.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "models/networks/network_fields.h"

namespace farfield {
namespace {

struct NetworkType {
  const char* model_type;
  std::shared_ptr<Network> (*make)(const NetworkConfig&, const WeightSource&, int64_t out_channels);
};
constexpr NetworkType kNetworkTypes[] = {
    {"SongUNet", make_song_unet},
    {"DhariwalUNet", make_dhariwal_unet},
    {"PointMlp", make_point_mlp},
};

const NetworkType& entry_of(std::string_view model_type) {
  std::vector<std::string> known;
  for (const NetworkType& entry : kNetworkTypes) {
    if (model_type == entry.model_type) return entry;
    known.emplace_back(entry.model_type);
  }
  throw usage_error(unknown_name("model_type", model_type, known));
}

struct ConfigReader {
  const Config& config;
  void operator()(const char* name, Resolution& value, int64_t low, int64_t high) const {
    if (!config.is_list(name)) {
      value = config.integer(name, value.height, range(low, high));
      return;
    }
    const auto sides = config.integers(name, {}, range(low, high));
    if (sides.size() != 2) {
      throw usage_error(fmt::format("{}: {} has {} numbers, expected one side or [height, width]", config.where(name),
                                    name, sides.size()));
    }
    value = {sides[0], sides[1]};
  }
  template <class Number>
  static Range range(Number low, Number high) {
    return {static_cast<double>(low), static_cast<double>(high)};
  }
  void operator()(const char* name, int64_t& value, int64_t low, int64_t high) const {
    value = config.integer(name, value, range(low, high));
  }
  void operator()(const char* name, double& value, double low, double high) const {
    value = config.number(name, value, range(low, high));
  }
  void operator()(const char* name, std::vector<int64_t>& value, int64_t low, int64_t high) const {
    value = config.integers(name, value, range(low, high));
  }
  void operator()(const char* name, std::vector<double>& value, double low, double high) const {
    value = config.numbers(name, value, range(low, high));
  }
  void operator()(const char* name, bool& value) const { value = config.flag(name, value); }
  void operator()(const char* name, std::string& value, const std::vector<std::string>& allowed) const {
    value = config.choice(name, value, allowed);
  }
};

struct FieldChecker {
  void operator()(const char* name, const Resolution& value, int64_t low, int64_t high) const {
    (*this)(name, value.height, low, high);
    (*this)(name, value.width, low, high);
  }
  template <class Number>
  void operator()(const char* name, const Number& value, Number low, Number high) const {
    if (!(value >= low && value <= high)) {
      throw usage_error(fmt::format("network: {} must be from {} to {}, got {}", name, low, high, value));
    }
  }
  template <class Number>
  void operator()(const char* name, const std::vector<Number>& values, Number low, Number high) const {
    for (const Number value : values) (*this)(name, value, low, high);
    if (values.size() > 16) throw usage_error(fmt::format("network: {} has more than 16 entries", name));
  }
  void operator()(const char*, bool) const {}
  void operator()(const char* name, const std::string& value, const std::vector<std::string>& allowed) const {
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
      throw usage_error("network: " + unknown_name(name, value, allowed));
    }
  }
};

void check_levels(const NetworkConfig& config) {
  if (config.channel_mult.empty() || config.channel_mult.size() > 10) {
    throw usage_error(
        fmt::format("network: channel_mult must have 1 to 10 levels, got {}", config.channel_mult.size()));
  }
  const int64_t smallest = int64_t{1} << (config.channel_mult.size() - 1);
  if (config.img_resolution.height % smallest != 0 || config.img_resolution.width % smallest != 0) {
    throw usage_error(fmt::format(
        "network: img_resolution {} cannot be halved {} times for the {} levels of channel_mult; crop= or "
        "resize= the data to multiples of {}, or give fewer levels",
        to_text(config.img_resolution), config.channel_mult.size() - 1, config.channel_mult.size(), smallest));
  }
}

}  // namespace

std::string to_text(const Resolution& resolution) {
  if (resolution.is_square()) return std::to_string(resolution.height);
  return fmt::format("[{}, {}]", resolution.height, resolution.width);
}

NetworkConfig NetworkConfig::defaults(std::string_view model_type) {
  NetworkConfig config;
  config.model_type = entry_of(model_type).model_type;
  if (model_type == "DhariwalUNet") {
    config.model_channels = 192;
    config.channel_mult = {1, 2, 3, 4};
    config.num_blocks = 3;
    config.attn_resolutions = {32, 16, 8};
  } else if (model_type == "PointMlp") {
    config.img_resolution = 1;
    config.img_channels = 2;
    config.channel_mult = {1};
    config.attn_resolutions = {};
    config.dropout = 0;
  }
  return config;
}

NetworkConfig NetworkConfig::from_config(const Config& config) {
  NetworkConfig result = defaults(config.text("model_type", "SongUNet"));
  visit_network_fields(result, ConfigReader{config});
  return result;
}

void NetworkConfig::validate() const {
  entry_of(model_type);
  visit_network_fields(*this, FieldChecker{});
  check_levels(*this);
  if (model_channels % 2 != 0) {
    throw usage_error(fmt::format("network: model_channels must be even, got {}", model_channels));
  }
  if (model_type == "PointMlp" && img_resolution != 1) throw usage_error("network: a PointMlp has img_resolution 1");
  const double taps = std::accumulate(resample_filter.begin(), resample_filter.end(), 0.0);
  if (resample_filter.size() % 2 != 0 || resample_filter.empty() || std::abs(taps) < 1e-12) {
    throw usage_error("network: resample_filter needs an even number of taps with a sum other than zero");
  }
}

std::vector<int64_t> NetworkConfig::sample_shape() const {
  if (model_type == "PointMlp") return {img_channels};
  return {img_channels, img_resolution.height, img_resolution.width};
}

torch::MemoryFormat NetworkConfig::memory_format() const {
  return sample_shape().size() == 3 ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
}

std::shared_ptr<Network> build_network(const NetworkConfig& config, const WeightSource& source, int64_t output_factor) {
  config.validate();
  return entry_of(config.model_type).make(config, source, config.img_channels * output_factor);
}

std::shared_ptr<Network> make_network(const NetworkConfig& config, at::Generator generator, int64_t output_factor) {
  check(generator.defined(), "make_network needs a generator");
  return build_network(config, {generator}, output_factor);
}

Resolution resolution_at(const NetworkConfig& config, size_t level) {
  return {config.img_resolution.height >> level, config.img_resolution.width >> level};
}

std::string layer_name(const Resolution& resolution, std::string_view what) {
  return fmt::format("{}x{}_{}", resolution.height, resolution.width, what);
}

bool attends_at(const NetworkConfig& config, size_t level) {
  const auto& list = config.attn_resolutions;
  const Resolution resolution = resolution_at(config, level);
  return std::find(list.begin(), list.end(), std::max(resolution.height, resolution.width)) != list.end();
}

torch::Tensor class_labels_for(const NetworkConfig& config, const torch::Tensor& labels, const torch::Tensor& like,
                               DropoutStream* dropout) {
  if (!labels.defined()) return torch::zeros({like.size(0), config.label_dim}, like.options());
  const torch::Tensor given = labels.to(like.options());
  return dropout != nullptr ? dropout->drop_rows(given, config.label_dropout) : given;
}

}  // namespace farfield

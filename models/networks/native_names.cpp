#include "models/networks/native_names.h"

#include <functional>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "models/networks/networks.h"
#include "models/preconditioning.h"

namespace farfield {
namespace {

using torch::Tensor;
using NamedTensors = std::map<std::string, Tensor>;
constexpr const char* kModelPrefix = "model.";

// What stands in front of one of the expected names in `name`; nothing when none of them ends it.
std::optional<std::string> text_in_front(const std::string& name, const NamedTensors& expected) {
  for (size_t start = 0; start != std::string::npos && start < name.size();) {
    const std::string rest = name.substr(start);
    if (expected.contains(rest)) return name.substr(0, start);
    if (start > 0 && expected.contains(kModelPrefix + rest)) return name.substr(0, start);
    const size_t point = name.find('.', start);
    start = point == std::string::npos ? point : point + 1;
  }
  return std::nullopt;
}

std::string prefix_hint(const NamedTensors& got, const NamedTensors& expected) {
  std::map<std::string, size_t> fronts;
  size_t bare = 0;
  for (const auto& [name, tensor] : got) {
    if (const auto front = text_in_front(name, expected); front && !front->empty()) ++fronts[*front];
    bare += expected.contains(kModelPrefix + name) ? 1 : 0;
  }
  constexpr const char* kAdvice = "convert the original with tools/convert/edm_pickle.py";
  if (2 * bare > got.size()) return fmt::format("; the names lack '{}': {}", kModelPrefix, kAdvice);
  for (const auto& [front, count] : fronts) {
    if (2 * count <= got.size()) continue;
    return fmt::format("; {} names are as expected without {} in front: {}", count, quote(front), kAdvice);
  }
  return "";
}

size_t count_common(const NamedTensors& expected, const NamedTensors& got) {
  size_t common = 0;
  for (const auto& [name, tensor] : expected) {
    const auto found = got.find(name);
    common += found != got.end() && found->second.sizes() == tensor.sizes() ? 1 : 0;
  }
  return common;
}

size_t count_differences(const ModelConfig& config, const NamedTensors& got) {
  const NamedTensors expected = expected_tensors(config);
  return expected.size() + got.size() - 2 * count_common(expected, got);
}

// A setting of the config with another value, in words and applied.
struct Change {
  std::string words;
  std::function<void(ModelConfig&)> apply;
};

std::string words_of(const Resolution& value) { return to_text(value); }
std::string words_of(const std::string& value) { return value; }
std::string words_of(bool value) { return value ? "true" : "false"; }
std::string words_of(int64_t value) { return std::to_string(value); }

template <class Value>
void add_changes(std::vector<Change>& changes, const NetworkConfig& now, const char* name, Value NetworkConfig::* field,
                 const std::vector<Value>& others) {
  for (const Value& value : others) {
    if (value == now.*field) continue;
    changes.push_back(
        {fmt::format("{} {}", name, words_of(value)), [=](ModelConfig& config) { config.network.*field = value; }});
  }
}

// The inputs of a linear layer in the file; 0 when it is not there.
int64_t size_in(const NamedTensors& got, const std::string& name) {
  const auto found = got.find(name);
  return found == got.end() || found->second.dim() != 2 ? 0 : found->second.size(1);
}

std::vector<Change> changes_of(const ModelConfig& config, const NamedTensors& got) {
  using N = NetworkConfig;
  const N& now = config.network;
  std::vector<Change> changes;
  for (const char* type : {"SongUNet", "DhariwalUNet"}) {
    if (now.model_type == type) continue;
    changes.push_back({fmt::format("model_type {}", type), [type](ModelConfig& other) {
      N network = N::defaults(type);
      network.img_resolution = other.network.img_resolution;
      network.img_channels = other.network.img_channels;
      network.label_dim = other.network.label_dim;
      network.augment_dim = other.network.augment_dim;
      other.network = network;
    }});
  }
  if (now.model_type != "PointMlp") {
    add_changes<bool>(changes, now, "innermost_attention", &N::innermost_attention, {true, false});
    add_changes<std::string>(changes, now, "normalisation", &N::normalisation, {"group", "none"});
  }
  if (now.model_type == "SongUNet") {
    add_changes<std::string>(changes, now, "embedding_type", &N::embedding_type, {"positional", "fourier"});
    add_changes<std::string>(changes, now, "encoder_type", &N::encoder_type, {"standard", "skip", "residual"});
    add_changes<std::string>(changes, now, "decoder_type", &N::decoder_type, {"standard", "skip"});
    add_changes<int64_t>(changes, now, "channel_mult_noise", &N::channel_mult_noise, {1, 2});
  }
  add_changes<int64_t>(changes, now, "num_blocks", &N::num_blocks, {0, 1, 2, 3, 4, 5, 6, 8});
  add_changes<Resolution>(changes, now, "img_resolution", &N::img_resolution, {8, 16, 28, 32, 64, 128, 256});
  add_changes<int64_t>(changes, now, "model_channels", &N::model_channels, {16, 32, 64, 96, 128, 192, 256});
  add_changes<int64_t>(changes, now, "label_dim", &N::label_dim, {size_in(got, "model.map_label.weight")});
  add_changes<int64_t>(changes, now, "augment_dim", &N::augment_dim, {size_in(got, "model.map_augment.weight")});
  return changes;
}

// The one change that leaves the fewest differences, when it leaves fewer than `fewest`, which it lowers.
std::optional<Change> best_change(const ModelConfig& config, const NamedTensors& got, size_t& fewest) {
  std::optional<Change> best;
  for (const Change& change : changes_of(config, got)) {
    ModelConfig other = config;
    change.apply(other);
    try {
      other.network.validate();
      const size_t left = count_differences(other, got);
      if (left >= fewest) continue;
      fewest = left;
      best = change;
    } catch (const Error&) {  // no network: levels that do not halve and the like
    }
  }
  return best;
}

// Settings that bring the expected names nearer to the file's, found one after the other.
std::string variant_hint(ModelConfig config, const NamedTensors& got) {
  constexpr size_t kMostChanges = 4;
  const size_t at_first = count_differences(config, got);
  if (at_first < 3) return "";  // one tensor that is missing, too much or of another shape says enough
  size_t left = at_first;
  std::vector<std::string> words;
  while (left > 0 && words.size() < kMostChanges) {
    const auto change = best_change(config, got, left);
    if (!change) break;
    change->apply(config);
    words.push_back(change->words);
  }
  const size_t common = count_common(expected_tensors(config), got);
  if (2 * left >= at_first || 2 * common <= got.size()) return "";  // a smaller network is not a nearer one
  return fmt::format("; nearest variant: with {} in the config {} tensors differ", join(words, ", "),
                     left == 0 ? "no" : std::to_string(left));
}

}  // namespace

std::map<std::string, Tensor> named_tensors(const ModelConfig& config, const Network& network) {
  NamedTensors all;
  for (const auto& entry : network.named_parameters()) all[kModelPrefix + entry.key()] = entry.value();
  for (const auto& entry : network.named_buffers()) all[kModelPrefix + entry.key()] = entry.value();
  for (const auto& [name, table] : make_preconditioning(config.precond)->tables()) all[name] = table;
  return all;
}

std::map<std::string, Tensor> expected_tensors(const ModelConfig& config) {
  const int64_t factor = make_preconditioning(config.precond, config.sigma_data)->output_channels_factor();
  return named_tensors(config, *build_network(config.network, {{}, torch::kMeta}, factor));
}

std::string hint_for_names(const ModelConfig& config, const NamedTensors& got) {
  constexpr size_t kMostTensors = 5000;  // of a network; larger files get no hint, only the list
  if (got.empty() || got.size() > kMostTensors) return "";
  if (std::string hint = prefix_hint(got, expected_tensors(config)); !hint.empty()) return hint;
  return variant_hint(config, got);
}

}  // namespace farfield

#include "analysis/features/feature_request.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/config/config.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/source_form.h"
#include "core/text.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using Kind = FeatureRequest::Kind;

constexpr int64_t kLargestSide = 4096, kMostFeatures = int64_t{1} << 20;
constexpr double kLongestTrial = 86400;

const std::vector<std::string>& preset_names() {
  static const std::vector<std::string> kNames = {"inception-2015-12-05", "clean", "dinov2-vitl14"};
  return kNames;
}

FeatureContract preset_contract(const std::string& name) {
  FeatureContract contract;
  contract.name = name;
  contract.channels = 3;
  if (name == "inception-2015-12-05") {
    contract.dtype = "uint8";
    contract.low = 0, contract.high = 255;
    contract.arguments = {"return_features"};
    contract.dim = 2048;
  } else if (name == "clean") {
    contract.low = 0, contract.high = 255;
    contract.resize = "bicubic", contract.size = 299, contract.rounding = "none";
    contract.dim = 2048;
  } else {
    contract.low = 0, contract.high = 1;
    contract.resize = "bicubic", contract.size = 224, contract.rounding = "bytes";
    contract.mean = {0.485, 0.456, 0.406}, contract.std = {0.229, 0.224, 0.225};
    contract.dim = 1024;
  }
  return contract;
}

std::string unknown_features(const std::string& text) {
  return fmt::format("features '{}': expected pixels, pixels-8x8, pca:R, random-conv or a TorchScript file NET.pt",
                     text);
}

void take_kind(const SourceForm& form, const std::string& text, FeatureRequest& request) {
  request.name = form.path;
  if (form.kind == "pca") {
    request.kind = Kind::kPrincipal;
    request.rank = parse_int(form.path, "features pca:R");
    if (request.rank < 1 || request.rank > kMostFeatures)
      throw usage_error(fmt::format("features '{}': R must be from 1 to {}", text, kMostFeatures));
    request.name = fmt::format("pca:{}", request.rank);
  } else if (form.path == "pixels") {
    request.kind = Kind::kPixels;
  } else if (form.path == "pixels-8x8") {
    request.kind = Kind::kBlocks;
  } else if (form.path == "random-conv") {
    request.kind = Kind::kRandom;
  } else if (fs::path(form.path).extension() == ".pt") {
    request.kind = Kind::kNetwork;
    request.network = form.path;
  } else if (std::ranges::count(preset_names(), form.path) > 0) {
    throw usage_error(fmt::format("features '{}': the weights are yours: NET.pt,preset={}", text, form.path));
  } else {
    throw usage_error(unknown_features(text));
  }
}

void take_option(const std::string& option, const std::string& text, FeatureRequest& request) {
  static const std::vector<std::string> kBuiltIn = {"quantise"},
                                        kNetwork = {"quantise", "preset", "contract", "sha256", "time_limit"};
  const std::vector<std::string>& known = request.kind == Kind::kNetwork ? kNetwork : kBuiltIn;
  const size_t equals = option.find('=');
  const std::string key = option.substr(0, equals),
                    value = equals == std::string::npos ? "" : option.substr(equals + 1);
  const std::string what = fmt::format("features '{}'", text);
  if (std::ranges::count(known, key) == 0) throw usage_error(what + ": " + unknown_name("option", key, known));
  if (key == "quantise") {
    if (value != "yes" && value != "no") throw usage_error(what + ": quantise must be yes or no, got '" + value + "'");
    request.quantise = value == "yes";
  } else if (key == "preset") {
    if (std::ranges::count(preset_names(), value) == 0)
      throw usage_error(what + ": " + unknown_name("preset", value, preset_names()));
    request.preset = value;
  } else if (key == "contract") {
    request.contract = value;
  } else if (key == "sha256") {
    request.sha256 = value;
  } else {
    request.time_limit = parse_double(value, what + ": time_limit");
    if (!(request.time_limit >= 0 && request.time_limit <= kLongestTrial))
      throw usage_error(fmt::format("{}: time_limit must be from 0 (none) to {:g} seconds, got {:g}", what,
                                    kLongestTrial, request.time_limit));
  }
}

// A network says of itself neither what it takes nor what it gives.
void find_contract(const std::string& text, FeatureRequest& request) {
  request.name = request.preset.empty() ? request.network.stem().string() : request.preset;
  if (!request.contract.empty()) return;
  const fs::path beside = fs::path(request.network).replace_extension(".yaml");
  if (fs::exists(beside)) {
    request.contract = beside;
  } else if (request.preset.empty()) {
    throw usage_error(
        fmt::format("features '{}': {} is missing, which says how the network is called; write it, or say "
                    "preset=NAME ({})",
                    text, beside.string(), join(preset_names(), ", ")));
  }
}

void check_together(const FeatureContract& contract, const std::string& where) {
  const auto refuse = [&](const std::string& why) { throw usage_error(where + ": " + why); };
  if (!(contract.low < contract.high)) refuse("range must be [LOW, HIGH] with LOW below HIGH");
  if (contract.resize == "none" && (contract.size != 0 || !contract.rounding.empty()))
    refuse("size and rounding belong to resize: bicubic");
  if (contract.resize == "bicubic" && contract.size == 0) refuse("resize: bicubic needs size, pixels a side");
  if (contract.rounding == "bytes" && !contract.quantised) refuse("rounding: bytes needs quantised: true");
  if (contract.mean.size() != contract.std.size()) refuse("mean and std belong together, a number a channel each");
  if (std::ranges::any_of(contract.std, [](double one) { return !(one > 0); })) refuse("std must be above 0");
  if (!contract.mean.empty() && static_cast<int64_t>(contract.mean.size()) != contract.channels)
    refuse(fmt::format("mean has {} numbers, but channels is {}", contract.mean.size(), contract.channels));
  if (contract.dtype != "uint8") return;
  if (!contract.quantised) refuse("dtype: uint8 needs quantised: true");
  if (contract.rounding == "none") refuse("dtype: uint8 needs rounding: bytes");
  if (contract.low != 0 || contract.high != 255) refuse("dtype: uint8 is 0 ... 255; leave range out");
  if (!contract.mean.empty()) refuse("mean and std are for dtype: float");
}

// What the YAML says over what the preset says.
void read_contract(const fs::path& file, NetworkForm& form) {
  FeatureContract& contract = form.contract;
  const Config config = Config::from_file(file);
  const std::string preset = config.text("preset", "");
  if (!preset.empty()) {
    config.choice("preset", "", preset_names());
    contract = preset_contract(preset);
  }
  contract.dtype = config.choice("dtype", contract.dtype, {"uint8", "float"});
  if (contract.dtype == "uint8" && !config.has("range")) contract.low = 0, contract.high = 255;
  const std::vector<double> range = config.numbers("range", {contract.low, contract.high}, {-1e6, 1e6});
  if (range.size() != 2) throw usage_error(config.where("range") + ": range must be [LOW, HIGH]");
  contract.low = range[0], contract.high = range[1];
  contract.channels = config.integer("channels", contract.channels, {1, 4});
  contract.resize = config.choice("resize", contract.resize, {"none", "bicubic"});
  if (contract.resize == "none") contract.size = 0, contract.rounding = "";
  contract.size = config.integer("size", contract.size, {1, kLargestSide});
  const std::string usual = contract.resize == "none" ? "" : contract.dtype == "uint8" ? "bytes" : "none";
  contract.rounding = config.has("rounding")      ? config.choice("rounding", "none", {"bytes", "none"})
                      : contract.rounding.empty() ? usual
                                                  : contract.rounding;
  contract.mean = config.numbers("mean", contract.mean);
  contract.std = config.numbers("std", contract.std);
  if (config.has("arguments")) contract.arguments = split(config.text("arguments", ""), ',');
  contract.output = config.text("output", contract.output);
  contract.dim = config.integer("dim", contract.dim, {1, static_cast<double>(kMostFeatures)});
  contract.quantised = config.flag("quantised", contract.quantised);
  form.normalise = config.flag("normalise", true);
  if (config.has("weights")) form.weights = file.parent_path() / config.text("weights", "");
  config.finish();
}

}  // namespace

FeatureRequest parse_features(const std::string& text) {
  const SourceForm form = parse_source(text, {"pca"});
  FeatureRequest request;
  take_kind(form, text, request);
  for (const std::string& option : form.options) take_option(option, text, request);
  if (request.kind == Kind::kNetwork) find_contract(text, request);
  return request;
}

NetworkForm network_form(const FeatureRequest& request) {
  NetworkForm form;
  FeatureContract& contract = form.contract;
  if (!request.preset.empty()) contract = preset_contract(request.preset);
  if (!request.contract.empty()) read_contract(request.contract, form);
  if (contract.name.empty()) contract.name = request.name;
  if (!request.quantise) contract.quantised = false;
  check_together(contract, request.contract.empty() ? "features '" + request.name + "'" : request.contract.string());
  return form;
}

}  // namespace farfield

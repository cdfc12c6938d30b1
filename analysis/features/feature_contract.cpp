#include "analysis/features/feature_contract.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/json.h"
#include "core/printable.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

ordered_json contract_as_json(const FeatureContract& contract) {
  return {{"preset", contract.name},         {"sha256", contract.sha256}, {"dim", contract.dim},
          {"quantised", contract.quantised}, {"dtype", contract.dtype},   {"range", {contract.low, contract.high}},
          {"channels", contract.channels},   {"resize", contract.resize}, {"size", contract.size},
          {"rounding", contract.rounding},   {"mean", contract.mean},     {"std", contract.std},
          {"arguments", contract.arguments}, {"output", contract.output}};
}

std::string value_text(const ordered_json& value) {
  return value.is_string() ? "'" + value.get<std::string>() + "'" : dump_json(value);
}

}  // namespace

std::string difference(const FeatureContract& a, const FeatureContract& b) {
  if (a.dim != b.dim) return fmt::format("{} numbers a sample against {}", a.dim, b.dim);
  if (!a.known() || !b.known()) return "";
  const bool same_file = !a.sha256.empty() && a.sha256 == b.sha256;
  if (a.name != b.name && !same_file) return fmt::format("'{}' against '{}'", a.name, b.name);
  const ordered_json one = contract_as_json(a), other = contract_as_json(b);
  for (const auto& [key, value] : one.items()) {
    if (key == "preset" || value == other.at(key)) continue;
    return fmt::format("{} {} against {}", key, value_text(value), value_text(other.at(key)));
  }
  return "";
}

std::string words_of(const FeatureContract& contract) {
  if (!contract.known())
    return fmt::format("features of {} numbers, whose file does not say what they are", contract.dim);
  std::string words = fmt::format("{}: {} numbers, of images {}", contract.name, contract.dim,
                                  contract.quantised ? "as bytes" : "as they are");
  if (contract.resize != "none")
    words += fmt::format(", {} to {} pixels, {}", contract.resize, contract.size,
                         contract.rounding == "bytes" ? "rounded" : "not rounded");
  if (contract.channels == 3) words += ", grey repeated to 3 channels";
  return words;
}

std::string resize_words(const FeatureContract& contract) {
  if (contract.resize == "none") return "none";
  return fmt::format("{} (a = -0.5, antialiased) to {} pixels, {}", contract.resize, contract.size,
                     contract.rounding == "bytes" ? "rounded" : "not rounded");
}

std::string contract_json(const FeatureContract& contract) { return dump_json(contract_as_json(contract)); }

FeatureContract parse_contract(const std::string& json, const std::string& where) {
  const ordered_json value = parse_json(json, where);
  FeatureContract contract;
  try {
    contract.name = value.at("preset");
    contract.sha256 = value.at("sha256");
    contract.dim = value.at("dim");
    contract.quantised = value.at("quantised");
    contract.dtype = value.at("dtype");
    contract.low = value.at("range").at(0);
    contract.high = value.at("range").at(1);
    contract.channels = value.at("channels");
    contract.resize = value.at("resize");
    contract.size = value.at("size");
    contract.rounding = value.at("rounding");
    contract.mean = value.at("mean").get<std::vector<double>>();
    contract.std = value.at("std").get<std::vector<double>>();
    contract.arguments = value.at("arguments").get<std::vector<std::string>>();
    contract.output = value.at("output");
  } catch (const nlohmann::json::exception& error) {
    throw bad_file(where, fmt::format("its contract does not say how features were made ({}); make them again with "
                                      "farfield features",
                                      printable(error.what())));
  }
  return contract;
}

}  // namespace farfield

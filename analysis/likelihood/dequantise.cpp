#include "analysis/likelihood/dequantise.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "core/error.h"
#include "core/math/random.h"
#include "core/named_options.h"
#include "core/option_values.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr int64_t kMostDraws = 10'000;

}  // namespace

DequantiseOptions parse_dequantise(const std::string& text, const DataInfo& data) {
  const auto [name, given] = parse_named_options("dequantise", text);
  const OptionValues options("dequantise", name, given);
  DequantiseOptions dequantise;
  if (name == "auto" || name == "none") {
    if (name == "auto" && data.eight_bit) dequantise.kind = Dequantisation::kUniform;
    if (!given.empty()) throw usage_error(fmt::format("--dequantise {}: takes no options", name));
    return dequantise;
  }
  if (name != "uniform" && name != "centred")
    throw usage_error("--dequantise: " + unknown_name("way", name, {"auto", "uniform", "centred", "none"}));
  if (!data.eight_bit) throw usage_error(fmt::format("--dequantise {}: '{}' has no bytes; take none", name, data.name));
  dequantise.kind = name == "uniform" ? Dequantisation::kUniform : Dequantisation::kCentred;
  dequantise.draws = options.integer("draws", 1, 1, kMostDraws);
  for (const auto& [key, value] : given) {
    if (key != "draws")
      throw usage_error(fmt::format("--dequantise {}: {}", name, unknown_name("option", key, {"draws"})));
  }
  return dequantise;
}

std::string in_words(const DequantiseOptions& options) {
  if (options.kind == Dequantisation::kNone) return "none";
  return fmt::format("{}, {} draw{}", options.kind == Dequantisation::kUniform ? "u + U(0, 1)" : "u + U(−1/2, 1/2)",
                     options.draws, options.draws == 1 ? "" : "s, importance-weighted");
}

torch::Tensor dequantised(const torch::Tensor& rows, Dequantisation kind, const std::vector<uint64_t>& keys) {
  torch::Tensor x = rows.to(torch::kFloat64).contiguous();
  if (kind == Dequantisation::kNone) return x;
  check(static_cast<int64_t>(keys.size()) == rows.size(0), "dequantised: a key a row");
  const double shift = kind == Dequantisation::kCentred ? 0.5 : 0;
  const int64_t dim = x.numel() / x.size(0);
  x = ((x + 1) * kByteScale).round_();
  double* value = x.mutable_data_ptr<double>();
  for (const uint64_t key : keys) {
    SplitMix64 random(key);
    for (int64_t i = 0; i < dim; ++i, ++value) *value = (*value + random.uniform() - shift) / kByteScale - 1;
  }
  return x;
}

torch::Tensor bits_per_dimension(const torch::Tensor& log_likelihood, int64_t dim, double scale) {
  return -log_likelihood / (static_cast<double>(dim) * std::numbers::ln2) + std::log2(scale);
}

torch::Tensor log_mean_likelihood(const torch::Tensor& draws) {
  return torch::logsumexp(draws, 1) - std::log(static_cast<double>(draws.size(1)));
}

}  // namespace farfield

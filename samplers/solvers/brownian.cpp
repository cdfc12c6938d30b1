#include "samplers/solvers/brownian.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/math/random.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr uint64_t kBrownianPurpose = 0x62726f776e69616e;  // "brownian"
constexpr int kTopExponent = 32, kLowestExponent = -200, kRelativeBits = 40;
constexpr int64_t kElementsPerThread = 256;

// Calls `work` with a row's index, in parallel.
void for_each_row(int64_t rows, int64_t elements, const std::function<void(int64_t)>& work) {
  at::parallel_for(0, rows, std::max<int64_t>(1, kElementsPerThread / std::max<int64_t>(1, elements)),
                   [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) work(row);
  });
}

int64_t elements_of(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  return count;
}

}  // namespace

// One halving of cell `index` of `level`, on into the half that holds sigma.
struct BrownianPath::Halving {
  uint64_t level, index;
  double spread;  // standard deviation of the middle given the ends
  bool upper;
};

BrownianPath::BrownianPath(std::span<const int64_t> seeds, std::vector<int64_t> shape)
    : shape_(std::move(shape)), exponent_(kTopExponent) {
  for (const int64_t seed : seeds) seeds_.push_back(static_cast<uint64_t>(seed) & 0xffffffffULL);
  shape_.insert(shape_.begin(), static_cast<int64_t>(seeds_.size()));
}

// Halves [0, 2^exponent_] towards 0 until the octave below 2^exponent is its upper half; from the top again when
// the octave lies above.
void BrownianPath::lower_octave_to(int exponent) {
  const int64_t elements = elements_of(shape_) / std::max<int64_t>(1, shape_[0]);
  if (octave_.defined() && exponent == exponent_) return;
  const bool from_top = !octave_.defined() || exponent > exponent_;
  const int begin = from_top ? kTopExponent : exponent_;
  if (from_top) octave_ = torch::zeros({shape_[0], elements}, torch::kFloat64);
  auto* const values = octave_.data_ptr<double>();
  for_each_row(shape_[0], elements, [&](int64_t row) {
    std::vector<double> normals(elements);
    double* const w = values + row * elements;
    if (from_top) {
      fill_normal(mix_key({seeds_[row], kBrownianPurpose}), w, elements);
      std::for_each(w, w + elements, [](double& value) { value *= std::ldexp(1.0, kTopExponent / 2); });
    }
    for (int e = begin; e > exponent; --e) {
      const auto level = static_cast<uint64_t>(kTopExponent - e);
      fill_normal(mix_key({seeds_[row], kBrownianPurpose, level, 0}), normals.data(), elements);
      const double spread = std::sqrt(std::ldexp(1.0, e - 2));
      for (int64_t i = 0; i < elements; ++i) w[i] = w[i] / 2 + spread * normals[i];
    }
  });
  exponent_ = exponent;
}

torch::Tensor BrownianPath::walk(const std::vector<Halving>& way, double sigma, double low, double high) const {
  auto result = octave_.clone();
  const int64_t elements = result.size(1);
  auto* const values = result.data_ptr<double>();
  const double share = (sigma - low) / (high - low), spread = std::sqrt((high - sigma) * share);
  for_each_row(result.size(0), elements, [&](int64_t row) {
    double* const upper = values + row * elements;  // W at the cell's upper end, and in the end W(sigma)
    std::vector<double> lower(elements, 0.0), normals(elements);
    for (const Halving& halving : way) {
      fill_normal(mix_key({seeds_[row], kBrownianPurpose, halving.level, halving.index}), normals.data(), elements);
      for (int64_t i = 0; i < elements; ++i) {
        const double middle = (lower[i] + upper[i]) / 2 + halving.spread * normals[i];
        (halving.upper ? lower[i] : upper[i]) = middle;
      }
    }
    fill_normal(mix_key({seeds_[row], kBrownianPurpose, std::bit_cast<uint64_t>(sigma)}), normals.data(), elements);
    for (int64_t i = 0; i < elements; ++i) upper[i] = (1 - share) * lower[i] + share * upper[i] + spread * normals[i];
  });
  return result.view(shape_);
}

torch::Tensor BrownianPath::at(double sigma) {
  if (sigma == 0) return torch::zeros(shape_, torch::kFloat64);
  if (!(sigma >= std::ldexp(1.0, kLowestExponent) && sigma <= std::ldexp(1.0, kTopExponent))) {
    throw usage_error(fmt::format("Brownian path: noise level {} is outside 2^{} to 2^{}", format_double(sigma),
                                  kLowestExponent, kTopExponent));
  }
  const int exponent = std::min(std::ilogb(sigma) + 1, kTopExponent);  // sigma <= 2^exponent
  lower_octave_to(exponent);
  std::vector<Halving> way;
  double low = 0, high = std::ldexp(1.0, exponent);
  uint64_t level = static_cast<uint64_t>(kTopExponent - exponent), index = 0;
  while (high - low > std::ldexp(low, -kRelativeBits) && sigma < high) {
    const double middle = low + (high - low) / 2;
    const bool upper = sigma >= middle;
    way.push_back({level, index, std::sqrt((high - low) / 4), upper});
    (upper ? low : high) = middle;
    ++level;
    index = 2 * index + (upper ? 1 : 0);
    if (sigma == middle) break;
  }
  return walk(way, sigma, low, high);
}

torch::Tensor BrownianPath::increment(double from, double to) {
  check(from != to, "BrownianPath::increment needs two levels");
  const auto value_at = [&](double sigma) {
    for (const auto& [level, value] : recent_) {
      if (level == sigma) return value;
    }
    recent_.emplace_back(sigma, at(sigma));
    if (recent_.size() > 2) recent_.erase(recent_.begin());
    return recent_.back().second;
  };
  const auto before = value_at(from), after = value_at(to);
  return (after - before) / std::sqrt(std::abs(to - from));
}

}  // namespace farfield

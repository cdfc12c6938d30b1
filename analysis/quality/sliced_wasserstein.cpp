#include "analysis/quality/sliced_wasserstein.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/quality/feature_rows.h"
#include "core/error.h"
#include "core/math/random.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kDirectionsAtOnce = 64;
constexpr const char* kSlicedMeasure = "a sliced Wasserstein distance";

Tensor sorted_projections(const Tensor& rows, const Tensor& directions) {
  return std::get<0>(torch::mm(directions, rows.t()).sort(1));
}

}  // namespace

SlicedWasserstein sliced_wasserstein(const Tensor& a, const Tensor& b, const Tensor& directions) {
  const Tensor first = feature_rows(a, 1, kSlicedMeasure), second = feature_rows(b, 1, kSlicedMeasure);
  check_same_width(first, second, kSlicedMeasure);
  if (first.size(0) != second.size(0))
    throw usage_error(
        fmt::format("{} pairs samples in order: these are {} and {}", kSlicedMeasure, first.size(0), second.size(0)));
  std::vector<Tensor> squares;
  for (const Tensor& some : directions.to(torch::kFloat64).split(kDirectionsAtOnce)) {
    const Tensor apart = sorted_projections(first, some) - sorted_projections(second, some);
    squares.push_back(apart.square().mean(1));
  }
  SlicedWasserstein result{torch::cat(squares)};
  result.mean = result.squares.mean().item<double>();
  result.mind = 3 * static_cast<double>(first.size(1)) * result.mean;
  return result;
}

SlicedWasserstein sliced_wasserstein(const Tensor& a, const Tensor& b, int64_t count, uint64_t seed) {
  const int64_t rows = std::min(a.size(0), b.size(0));
  const auto some_of = [&](const Tensor& all, uint64_t side) {
    if (all.size(0) == rows) return all;
    const Tensor order = torch::randperm(all.size(0), keyed_generator({seed, 0x736c696365, side}), torch::kInt64);
    return all.index_select(0, order.narrow(0, 0, rows));
  };
  const Tensor normals = torch::randn({count, a.size(1)}, keyed_generator({seed, 0x736c696365, 2}), torch::kFloat64);
  return sliced_wasserstein(some_of(a, 0), some_of(b, 1), normals / normals.norm(2, {1}, /*keepdim=*/true));
}

}  // namespace farfield

#include "models/patches/mask_filter.h"

#include <algorithm>
#include <cmath>

#include "core/math/lanes.h"

namespace farfield {
namespace {

using MaskLanes = LanesOf<double>::Type;
constexpr int64_t kMaskSlices = 4, kMaskGroup = 32;

FARFIELD_EVERY_WIDTH
void mask_sums(const MaskSet& masks, const double* in, double* out) {
  const bool weighted = !masks.weights.empty();
  for (int64_t p = 0; p < masks.places(); ++p) {
    MaskLanes sums[kMaskSlices] = {};
    for (int64_t i = masks.begin[p]; i < masks.begin[p + 1]; ++i) {
      const double* from = in + masks.planes[i] * kMaskGroup;
      const double weight = weighted ? masks.weights[i] : 1;
#pragma GCC unroll 4
      for (int64_t s = 0; s < kMaskSlices; ++s) {
        const MaskLanes values = load(from + s * LanesOf<double>::kWidth);
        sums[s] += weighted ? weight * values : values;
      }
    }
#pragma GCC unroll 4
    for (int64_t s = 0; s < kMaskSlices; ++s) store(out + p * kMaskGroup + s * LanesOf<double>::kWidth, sums[s]);
  }
}

class MaskFilter final : public LaneFilter {
 public:
  explicit MaskFilter(MaskSet masks) : masks_(std::move(masks)) {
    for (int64_t p = 0; p < masks_.places(); ++p) {
      double sum = 0;
      for (int64_t i = masks_.begin[p]; i < masks_.begin[p + 1]; ++i) {
        sum += masks_.weights.empty() ? 1 : std::abs(masks_.weights[i]);
      }
      largest_sum_ = std::max(largest_sum_, sum);
      most_entries_ = std::max(most_entries_, masks_.begin[p + 1] - masks_.begin[p]);
    }
  }

  int64_t planes() const override { return masks_.planes_in_all; }
  int64_t places() const override { return masks_.places(); }
  void apply(const double* in, double*, double* out) const override { mask_sums(masks_, in, out); }

  void member(int64_t place, std::vector<int32_t>& planes, std::vector<double>& weights) const override {
    const int64_t begin = masks_.begin[place], end = masks_.begin[place + 1];
    planes.assign(masks_.planes.begin() + begin, masks_.planes.begin() + end);
    weights.clear();
    if (!masks_.weights.empty()) weights.assign(masks_.weights.begin() + begin, masks_.weights.begin() + end);
  }

  double largest_sum() const override { return largest_sum_; }
  double roundoff() const override { return 1 + std::sqrt(static_cast<double>(most_entries_)); }

 private:
  MaskSet masks_;
  double largest_sum_ = 0;
  int64_t most_entries_ = 0;
};

}  // namespace

MaskSet transposed(const MaskSet& masks) {
  MaskSet result;
  result.planes_in_all = masks.places();
  result.begin.assign(static_cast<size_t>(masks.planes_in_all) + 1, 0);
  for (const int32_t plane : masks.planes) ++result.begin[static_cast<size_t>(plane) + 1];
  for (size_t v = 1; v < result.begin.size(); ++v) result.begin[v] += result.begin[v - 1];
  result.planes.resize(masks.planes.size());
  if (!masks.weights.empty()) result.weights.resize(masks.weights.size());
  std::vector<int64_t> next(result.begin.begin(), result.begin.end() - 1);
  for (int64_t p = 0; p < masks.places(); ++p) {
    for (int64_t i = masks.begin[p]; i < masks.begin[p + 1]; ++i) {
      const int64_t at = next[static_cast<size_t>(masks.planes[i])]++;
      result.planes[at] = static_cast<int32_t>(p);
      if (!masks.weights.empty()) result.weights[at] = masks.weights[i];
    }
  }
  return result;
}

std::unique_ptr<LaneFilter> make_mask_filter(MaskSet masks) { return std::make_unique<MaskFilter>(std::move(masks)); }

}  // namespace farfield

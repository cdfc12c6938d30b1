#include "analysis/page/part_series.h"

#include <algorithm>

namespace farfield {
namespace {

constexpr int64_t kMostPoints = 201;

}  // namespace

Series part_series(const std::string& label, const SeriesStyle& style, const torch::Tensor& values) {
  const torch::Tensor sorted = std::get<0>(values.sort());
  const int64_t count = sorted.numel(), points = std::min(count, kMostPoints);
  Series line{label, style, {}, {}, {}, {}};
  for (int64_t i = 0; i < points; ++i) {
    const int64_t place = points == 1 ? count - 1 : i * (count - 1) / (points - 1);
    line.x.push_back(sorted[place].item<double>());
    line.y.push_back(static_cast<double>(place + 1) / static_cast<double>(count));
  }
  return line;
}

}  // namespace farfield

#include "analysis/geometry/tile.h"

#include <algorithm>

#include "analysis/geometry/column_sums.h"
#include "core/error.h"

namespace farfield {

TrajectoryRows trajectory_rows(const torch::Tensor& rows, int64_t index) {
  check(rows.dim() >= 2 && rows.is_contiguous() && rows.is_cpu() && rows.scalar_type() == torch::kFloat64,
        "trajectory_rows: [levels, B, ...shape] float64, contiguous, on the CPU");
  const int64_t batch = rows.size(1), size = rows.numel() / std::max<int64_t>(1, rows.size(0) * batch);
  return {rows.const_data_ptr<double>() + index * size, batch * size, rows.size(0), size};
}

Tile::Tile(int64_t rows)
    : memory_(torch::empty({rows, kStride}, torch::kFloat64)),
      numbers_(memory_.mutable_data_ptr<double>()),
      rows_(rows) {}

void Tile::load(const TrajectoryRows& rows, int64_t first, const double* scale) {
  const int64_t columns = std::min(kColumns, rows.size - first);
  width_ = (columns + kColumnUnit - 1) / kColumnUnit * kColumnUnit;
  for (int64_t n = 0; n < rows_; ++n) {
    double* to = row(n);
    std::copy_n(rows.row(n) + first, columns, to);
    std::fill(to + columns, to + width_, 0.0);
    if (scale == nullptr) continue;
    for (int64_t i = 0; i < columns; ++i) to[i] *= scale[n];
  }
}

}  // namespace farfield

#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// The rows of one trajectory where they lie in a contiguous [levels, B, d] tensor.
struct TrajectoryRows {
  const double* first = nullptr;
  int64_t stride = 0, count = 0, size = 0;  // numbers from row to row; rows; d

  const double* row(int64_t n) const { return first + n * stride; }
};
// Trajectory `index` of `rows` [levels, B, ...shape], float64, contiguous, on the CPU.
TrajectoryRows trajectory_rows(const torch::Tensor& rows, int64_t index);

// Some columns of a trajectory's rows, copied so that they lie close together: what the kernels of a pass read again
// and again stays in a core's cache. Every row is filled up with zeros to whole vector registers, which add nothing to
// sums.
class Tile {
 public:
  static constexpr int64_t kColumns = 256, kStride = kColumns + 8;  // a power of two would meet itself in the cache

  Tile() = default;
  explicit Tile(int64_t rows);

  // Columns first ... of `rows`, as many as fit; row n times scale[n] where there is one.
  void load(const TrajectoryRows& rows, int64_t first, const double* scale = nullptr);
  // As many rows as it was made for and columns as `other` has, to be written.
  void shape_like(const Tile& other) { width_ = other.width_; }

  int64_t rows() const { return rows_; }
  int64_t width() const { return width_; }  // columns with their zeros, a multiple of kWidthUnit
  const double* row(int64_t n) const { return numbers_ + n * kStride; }
  double* row(int64_t n) { return numbers_ + n * kStride; }

 private:
  torch::Tensor memory_;  // [rows, kStride], as torch aligns memory
  double* numbers_ = nullptr;
  int64_t rows_ = 0, width_ = 0;
};

}  // namespace farfield

#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace farfield {

// Mean and covariance of rows that arrive in blocks, in float64: sums of (x - shift) and of its products, with the
// first block's mean as shift, so that a large common offset costs no digits. Two of them merge exactly as if one had
// seen all rows (Chan et al. 1983, up to rounding); with the same shift their sums are added. Memory: one [d, d] matrix
// and one block.
class Moments {
 public:
  explicit Moments(int64_t dim);
  // For one part of some rows: with the shift [d] float64 of all parts, and the number of its first row, for messages.
  Moments(torch::Tensor shift, int64_t first_row);

  // All that it holds as tensors that can travel to another process, [1] int64, [d], [d], [d, d], and back. They share
  // memory with it.
  std::vector<torch::Tensor> state() const;
  static Moments from_state(const std::vector<torch::Tensor>& state);

  // rows [n, d], float32 or float64, CPU, finite (numeric_error otherwise).
  void add(const torch::Tensor& rows);
  void merge(const Moments& other);

  int64_t count() const { return count_; }
  // All of these: at least one row seen (a bug otherwise).
  torch::Tensor mean() const;        // [d]
  torch::Tensor covariance() const;  // [d, d], 1/N (not N - 1), exactly symmetric

 private:
  void add_product(const torch::Tensor& left, const torch::Tensor& right);

  int64_t first_row_ = 0, count_ = 0;
  torch::Tensor shift_, sum_, products_;  // [d], [d], [d, d]: only the blocks on and below the diagonal are kept
};

}  // namespace farfield

#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// Squared distances between the rows of two sets, a block of rows against all of the others at a time: by products, with a
// bound on what rounding made of them, and exactly for the pairs where that decides.
class PairSquares {
 public:
  // rows [n, d], columns [m, d] float64, contiguous, CPU.
  PairSquares(const torch::Tensor& rows, const torch::Tensor& columns);

  struct Block {
    int64_t first;          // row
    torch::Tensor squares;  // [B, m], may be a little below 0
    torch::Tensor error;    // [B, 1]: no square of the row is further off than it
  };
  int64_t block_rows() const { return block_rows_; }
  Block block(int64_t first) const;  // rows first ... first + block_rows() - 1, or to the end

  // The sums of squared differences of some pairs, [P]: row and column [P] int64. Zero for equal rows, the same for (x, y)
  // and (y, x), whatever the other pairs.
  torch::Tensor exact(const torch::Tensor& row, const torch::Tensor& column) const;

 private:
  torch::Tensor rows_, columns_, shift_, centred_columns_, column_squares_;
  double largest_ = 0;  // squared length of a centred column
  int64_t block_rows_;
};

// The k nearest columns of every row, nearest first, of equally near ones the lower index; a column of index `skip`
// [n] int64 of a row is left out (undefined: none).
struct NearestRows {
  torch::Tensor index, squares;  // [n, k] int64, float64: exact
};
NearestRows nearest_rows(const PairSquares& pairs, int64_t rows, int64_t k, const torch::Tensor& skip = {});

}  // namespace farfield

#include "analysis/quality/pair_squares.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/math/row_products.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kNumbersAtOnce = int64_t{1} << 23;

// Candidates of a row, given by rising column.
void keep_nearest(const int64_t* columns, const double* squares, int64_t count, int64_t k, int64_t* index,
                  double* least) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) order[static_cast<size_t>(i)] = i;
  std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](int64_t a, int64_t b) {
    return squares[a] != squares[b] ? squares[a] < squares[b] : columns[a] < columns[b];
  });
  for (int64_t i = 0; i < k; ++i) {
    index[i] = columns[order[static_cast<size_t>(i)]];
    least[i] = squares[order[static_cast<size_t>(i)]];
  }
}

}  // namespace

PairSquares::PairSquares(const Tensor& rows, const Tensor& columns)
    : rows_(rows), columns_(columns), shift_(columns.mean(0)), centred_columns_(columns - shift_) {
  column_squares_ = centred_columns_.square().sum(1);
  largest_ = column_squares_.max().item<double>();
  block_rows_ = std::max<int64_t>(1, kNumbersAtOnce / std::max(columns.size(0), columns.size(1)));
}

PairSquares::Block PairSquares::block(int64_t first) const {
  const Tensor rows = rows_.narrow(0, first, std::min(block_rows_, rows_.size(0) - first)) - shift_;
  const Tensor own = rows.square().sum(1, /*keepdim=*/true);
  Tensor squares = torch::addmm(column_squares_.unsqueeze(0), rows, centred_columns_.t(), 1, -2);
  squares += own;
  // A sum of d products is off by at most d + 2 units of their moduli's sum, which (|x| + |y|)^2 bounds; centring adds 4.
  const double unit = std::numeric_limits<double>::epsilon() * static_cast<double>(rows_.size(1) + 8);
  return {first, squares, (own.sqrt() + std::sqrt(largest_)).square() * unit};
}

Tensor PairSquares::exact(const Tensor& row, const Tensor& column) const {
  const int64_t at_once = std::max<int64_t>(1, kNumbersAtOnce / rows_.size(1));
  Tensor result = torch::empty({row.size(0)}, torch::kFloat64);
  for (int64_t first = 0; first < row.size(0); first += at_once) {
    const int64_t count = std::min(at_once, row.size(0) - first);
    const Tensor apart = rows_.index_select(0, row.narrow(0, first, count)) -
                         columns_.index_select(0, column.narrow(0, first, count));
    result.narrow(0, first, count).copy_(row_products(apart, apart));
  }
  return result;
}

NearestRows nearest_rows(const PairSquares& pairs, int64_t rows, int64_t k, const Tensor& skip) {
  NearestRows result{torch::empty({rows, k}, torch::kInt64), torch::empty({rows, k}, torch::kFloat64)};
  for (int64_t first = 0; first < rows; first += pairs.block_rows()) {
    stop_if_interrupted();
    const PairSquares::Block block = pairs.block(first);
    const int64_t count = block.squares.size(0);
    if (skip.defined()) {
      block.squares.scatter_(1, skip.narrow(0, first, count).unsqueeze(1), std::numeric_limits<double>::infinity());
    }
    const Tensor last = std::get<0>(block.squares.topk(k, 1, /*largest=*/false)).amax(1, /*keepdim=*/true);
    const Tensor near = torch::nonzero(block.squares <= last + 2 * block.error);  // [P, 2], rows rising
    const Tensor row = near.select(1, 0).contiguous(), column = near.select(1, 1).contiguous();
    const Tensor squares = pairs.exact(row + first, column);
    const auto* own_row = row.const_data_ptr<int64_t>();
    for (int64_t begin = 0; begin < row.size(0);) {
      const int64_t end = std::upper_bound(own_row + begin, own_row + row.size(0), own_row[begin]) - own_row;
      const int64_t at = (first + own_row[begin]) * k;
      keep_nearest(column.const_data_ptr<int64_t>() + begin, squares.const_data_ptr<double>() + begin, end - begin, k,
                   result.index.mutable_data_ptr<int64_t>() + at, result.squares.mutable_data_ptr<double>() + at);
      begin = end;
    }
  }
  return result;
}

}  // namespace farfield

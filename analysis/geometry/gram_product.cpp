#include "analysis/geometry/gram_product.h"

#include "analysis/geometry/column_sums.h"
#include "core/error.h"

namespace farfield {
namespace {

// Four rows against four: sixteen sums stay in registers.
FARFIELD_EVERY_WIDTH
void add_block(const double* a, const double* b, int64_t width, double* to, int64_t stride) {
  ColumnLanes sums[kGramBlock][kGramBlock] = {};
  for (int64_t at = 0; at < width; at += kLanes) {
    const ColumnLanes b0 = load(b + at), b1 = load(b + Tile::kStride + at), b2 = load(b + 2 * Tile::kStride + at),
                      b3 = load(b + 3 * Tile::kStride + at);
    for (int64_t i = 0; i < kGramBlock; ++i) {
      const ColumnLanes row = load(a + i * Tile::kStride + at);
      sums[i][0] += row * b0;
      sums[i][1] += row * b1;
      sums[i][2] += row * b2;
      sums[i][3] += row * b3;
    }
  }
  for (int64_t i = 0; i < kGramBlock; ++i) {
    for (int64_t j = 0; j < kGramBlock; ++j) {
      LaneSum sum;
      store(sum.lanes, sums[i][j]);
      to[i * stride + j] += sum.total();
    }
  }
}

}  // namespace

void add_gram_products(const Tile& rows, std::vector<double>& products) {
  const int64_t size = rows.rows();
  check(size % kGramBlock == 0 && static_cast<int64_t>(products.size()) == size * size,
        "add_gram_products: whole blocks of rows");
  for (int64_t i = 0; i < size; i += kGramBlock) {
    for (int64_t j = 0; j <= i; j += kGramBlock)
      add_block(rows.row(i), rows.row(j), rows.width(), &products[i * size + j], size);
  }
}

}  // namespace farfield

#include "analysis/geometry/gram_product.h"

#include "analysis/geometry/column_sums.h"
#include "core/error.h"

// The product is all multiplications and additions: fused, they take half the time. A fused one is rounded once on
// every machine, also where the C library has to compute it, so that the bits do not depend on the width here either.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FARFIELD_EVERY_FUSED_WIDTH __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define FARFIELD_EVERY_FUSED_WIDTH
#endif

namespace farfield {
namespace {

FARFIELD_INLINE void add_product(ColumnLanes& sum, const ColumnLanes& a, const ColumnLanes& b) {
  for (int64_t l = 0; l < kLanes; ++l) sum[l] = __builtin_fma(a[l], b[l], sum[l]);
}

// LaneSum::total() of four at once, in lanes 0 to 3.
FARFIELD_INLINE void store_totals(const ColumnLanes (&sums)[4], double* totals) {
  const ColumnLanes first = __builtin_shufflevector(sums[0], sums[1], 0, 8, 2, 10, 4, 12, 6, 14) +
                            __builtin_shufflevector(sums[0], sums[1], 1, 9, 3, 11, 5, 13, 7, 15);
  const ColumnLanes second = __builtin_shufflevector(sums[2], sums[3], 0, 8, 2, 10, 4, 12, 6, 14) +
                             __builtin_shufflevector(sums[2], sums[3], 1, 9, 3, 11, 5, 13, 7, 15);
  const ColumnLanes halves = __builtin_shufflevector(first, second, 0, 1, 8, 9, 4, 5, 12, 13) +
                             __builtin_shufflevector(first, second, 2, 3, 10, 11, 6, 7, 14, 15);
  store(totals, halves + __builtin_shufflevector(halves, halves, 4, 5, 6, 7, 0, 1, 2, 3));
}

// Four rows against four: sixteen sums stay in registers.
FARFIELD_EVERY_FUSED_WIDTH
void add_block(const double* a, const double* b, int64_t width, double* to, int64_t stride) {
  ColumnLanes sums[kGramBlock][kGramBlock] = {};
  for (int64_t at = 0; at < width; at += kLanes) {
    const ColumnLanes b0 = load(b + at), b1 = load(b + Tile::kStride + at), b2 = load(b + 2 * Tile::kStride + at),
                      b3 = load(b + 3 * Tile::kStride + at);
    FARFIELD_UNROLLED
    for (int64_t i = 0; i < kGramBlock; ++i) {
      const ColumnLanes row = load(a + i * Tile::kStride + at);
      add_product(sums[i][0], row, b0);
      add_product(sums[i][1], row, b1);
      add_product(sums[i][2], row, b2);
      add_product(sums[i][3], row, b3);
    }
  }
  FARFIELD_UNROLLED
  for (int64_t i = 0; i < kGramBlock; ++i) {
    double totals[kLanes];
    store_totals(sums[i], totals);
    for (int64_t j = 0; j < kGramBlock; ++j) to[i * stride + j] += totals[j];
  }
}

}  // namespace

void add_gram_products(const Tile& rows, int64_t count, std::vector<double>& products) {
  check(count <= rows.rows() && count % kGramBlock == 0 && static_cast<int64_t>(products.size()) == count * count,
        "add_gram_products: whole blocks of rows");
  for (int64_t i = 0; i < count; i += kGramBlock) {
    for (int64_t j = 0; j <= i; j += kGramBlock)
      add_block(rows.row(i), rows.row(j), rows.width(), &products[i * count + j], count);
  }
}

}  // namespace farfield

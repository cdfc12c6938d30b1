#pragma once

#include <cstdint>
#include <vector>

#include "analysis/geometry/tile.h"

namespace farfield {

// The products of all pairs of rows, in blocks of four by four.
inline constexpr int64_t kGramBlock = 4;
inline int64_t gram_size(int64_t rows) { return (rows + kGramBlock - 1) / kGramBlock * kGramBlock; }

// products[i][j] += <rows[i], rows[j]> over the tile's columns for the first `count` rows and j <= i (and some more,
// symmetric ones, in the blocks on the diagonal). count is a gram_size(), products [count][count]. Summed as
// column_sums.h says, tile by tile.
void add_gram_products(const Tile& rows, int64_t count, std::vector<double>& products);

}  // namespace farfield

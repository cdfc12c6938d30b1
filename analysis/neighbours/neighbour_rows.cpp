#include "analysis/neighbours/neighbour_rows.h"

namespace farfield {

void add_neighbour_rows(const Neighbours& found, int64_t row, const torch::Tensor& labels,
                        const std::vector<Cell>& first, Table& table) {
  const auto index = found.index.accessor<int64_t, 2>();
  const auto distance = found.distance.accessor<double, 2>();
  for (int64_t rank = 0; rank < found.index.size(1); ++rank) {
    std::vector<Cell> cells = first;
    cells.emplace_back(rank + 1);
    cells.emplace_back(index[row][rank]);
    cells.emplace_back();
    if (labels.defined()) cells.back() = labels[index[row][rank]].item<int64_t>();
    cells.emplace_back(distance[row][rank]);
    table.add(std::move(cells));
  }
}

}  // namespace farfield

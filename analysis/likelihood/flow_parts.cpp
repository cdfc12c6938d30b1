#include "analysis/likelihood/flow_parts.h"

#include <cmath>

#include "core/shards.h"

namespace farfield {

using torch::Tensor;

std::vector<double> growth_places(const FlowRange& range) {
  std::vector<double> places;
  const double low = std::log(range.sigma_min), high = std::log(range.sigma_max);
  for (int64_t i = 0; i <= range.intervals; ++i) {
    places.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(range.intervals));
  }
  places.back() = high;
  return places;
}

Tensor growth_matrix(const std::vector<Growth>& growths, const Tensor& integral) {
  Tensors rows;
  const Tensor totals = integral.mean(1).cpu().contiguous();
  for (size_t i = 0; i < growths.size(); ++i)
    rows.push_back(torch::tensor(growths[i].intervals(totals.const_data_ptr<double>()[i]), torch::kFloat64));
  return torch::stack(rows);
}

}  // namespace farfield

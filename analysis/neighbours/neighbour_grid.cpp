#include "analysis/neighbours/neighbour_grid.h"

#include <algorithm>

#include "core/io/image.h"

namespace farfield {
namespace {

constexpr int64_t kRowPixels = 480;  // wanted width of a row

}  // namespace

std::string neighbour_grid_png(const torch::Tensor& samples, const torch::Tensor& index, const DataSource& data) {
  if (samples.dim() != 4) return "";
  const int64_t rows = std::min(samples.size(0), kMostNeighbourRows), columns = index.size(1) + 1;
  const torch::Tensor near = data.rows(index.narrow(0, 0, rows).reshape({-1})).unflatten(0, {rows, columns - 1});
  const torch::Tensor all = torch::cat({samples.narrow(0, 0, rows).to(torch::kFloat32).cpu().unsqueeze(1), near}, 1);
  const torch::Tensor shown = drawable(all.flatten(0, 1));
  const int64_t zoom = std::clamp<int64_t>(kRowPixels / (columns * (shown.size(3) + 2)), 1, 8);
  return encode_png(image_grid(to_bytes(shown), columns, 2, zoom));
}

}  // namespace farfield

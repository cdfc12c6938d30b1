#include "analysis/page/pair_grid.h"

#include <algorithm>

#include "core/io/image.h"

namespace farfield {
namespace {

constexpr int64_t kPairRowPixels = 640;  // wanted width of a row of pairs

}  // namespace

std::string pair_grid_png(const torch::Tensor& above, const torch::Tensor& below) {
  const int64_t pairs = above.size(0);
  const torch::Tensor shown = drawable(torch::cat({above.to(torch::kFloat32), below.to(torch::kFloat32)}));
  const int64_t zoom = std::clamp<int64_t>(kPairRowPixels / (pairs * (shown.size(3) + 2)), 1, 8);
  return encode_png(image_grid(to_bytes(shown), pairs, 2, zoom));
}

}  // namespace farfield

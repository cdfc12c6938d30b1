#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "models/patches/padded_images.h"
#include "models/patches/product_kernels.h"
#include "models/patches/window_plan.h"

namespace farfield {

// A window of some padded images, and how many of them are equal to it.
struct DistinctWindow {
  int32_t image, row, column;  // of its centre
  int32_t count;
};

struct WindowExtent {
  int64_t channels, side;  // side = k
  int64_t depth() const { return channels * side * side; }
};

// Numbers that equal windows share: a hash of the window around every pixel of some padded images.
template <class Scalar>
class WindowHashes {
 public:
  WindowHashes(const PaddedImages<Scalar>& padded, int64_t images, const WindowExtent& extent, const ImageShape& shape);
  uint64_t of(int64_t image, int64_t row, int64_t column) const {
    return hashes_[static_cast<size_t>((image * height_ + row) * width_ + column)];
  }

 private:
  int64_t height_, width_;
  std::vector<uint64_t> hashes_;
};

// The windows of those images around the candidates of a group, each once, in the order of image and pixel.
template <class Scalar>
std::vector<DistinctWindow> distinct_windows(const PaddedImages<Scalar>& padded, const WindowHashes<Scalar>& hashes,
                                             int64_t images, const WindowExtent& extent,
                                             const std::vector<PixelRun>& candidates);

// The windows around some pixels of one image as rows of a product: panels of 12, [panels][depth][12], the last filled
// up with zeros.
template <class Scalar>
torch::Tensor query_panels(const PaddedImages<Scalar>& padded, const WindowExtent& extent, int64_t width,
                           const std::vector<int32_t>& pixels);

// Windows as columns of a product, with what turns it into energies: bias = -|window|^2 / 2, so that an energy less
// |query|^2 is -2 out.
template <class Scalar>
class WindowTile {
 public:
  // For at most `windows` of them.
  WindowTile(const WindowExtent& extent, int64_t windows);
  // windows[first] ... windows[first + count - 1].
  void pack(const PaddedImages<Scalar>& padded, const std::vector<DistinctWindow>& windows, int64_t first,
            int64_t count, double shift);
  int64_t columns() const { return columns_; }  // count, filled up to whole panels
  // [panels][depth][kProductColumns]
  const Scalar* panels() const { return panels_.template const_data_ptr<Scalar>(); }
  const Scalar* bias() const { return bias_.template const_data_ptr<Scalar>(); }
  const Scalar* counts() const { return counts_.template const_data_ptr<Scalar>(); }
  const Scalar* values() const { return values_.template const_data_ptr<Scalar>(); }  // [channels][columns]

 private:
  WindowExtent extent_;
  int64_t columns_ = 0;
  torch::Tensor panels_, bias_, counts_, values_;
};

// How many windows a tile should have: what a processor core's own cache holds.
template <class Scalar>
int64_t windows_of_tile(const WindowExtent& extent);

}  // namespace farfield

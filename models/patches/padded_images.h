#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "models/patches/training_images.h"

namespace farfield {

// Some images, each with `reach` more rows and columns around it, so that every window is a block of it: [n][C][H + 2
// reach] [W + 2 reach] in Scalar, `shift` taken off each number.
template <class Scalar>
class PaddedImages {
 public:
  PaddedImages(const ImageShape& shape, int64_t reach, bool wraps, double shift, int64_t images);

  void set(int64_t place, const double* image);  // [C,H,W]
  void set(int64_t place, const TrainingImages& images, int64_t group, int64_t lane);

  int64_t row_stride() const { return shape_.width + 2 * reach_; }
  int64_t channel_stride() const { return (shape_.height + 2 * reach_) * row_stride(); }
  // The first number of the window around a pixel, channel 0; number (c, a, b) is c channel_stride() + a row_stride() +
  // b further.
  const Scalar* window(int64_t place, int64_t row, int64_t column) const {
    return numbers_.const_data_ptr<Scalar>() + place * image_stride() + row * row_stride() + column;
  }
  // The number at the pixel itself.
  Scalar centre(int64_t place, int64_t channel, int64_t row, int64_t column) const {
    return window(place, row + reach_, column + reach_)[channel * channel_stride()];
  }

 private:
  int64_t image_stride() const { return shape_.channels * channel_stride(); }
  template <class Read>
  void fill(int64_t place, const Read& read);

  ImageShape shape_;
  int64_t reach_;
  double shift_;
  std::vector<int32_t> pixels_;  // of an image, for each of a padded one; -1: 0 is there
  torch::Tensor numbers_;
};

}  // namespace farfield

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "core/data/source.h"

namespace farfield {

struct ImageShape {
  int64_t channels = 0, height = 0, width = 0;
  int64_t pixels() const { return height * width; }
  int64_t values() const { return channels * height * width; }
};

// [C,H,W]; usage_error, in the name of `kind`, for data that are no images.
ImageShape image_shape(const DataInfo& data, const std::string& kind);

inline constexpr int64_t kSideBySide = 32;  // images of a group

// Some consecutive groups; all are full but the last.
struct ImagePart {
  int64_t first_group = 0, images = 0;
  int64_t groups() const { return (images + kSideBySide - 1) / kSideBySide; }
  // How many images the part's group number `i` has.
  int64_t filled(int64_t i) const { return std::min(kSideBySide, images - i * kSideBySide); }
};

// Which images there are, and in what order.
struct TrainingOptions {
  bool flips = false;          // each part is followed by its mirror images
  bool per_class = false;      // sorted by label, so that a class is a range of parts
  int64_t images_of_part = 0;  // a part ends after so many; 0: never
};

// The images that posterior means are taken of, laid out for the kernels: 32 side by side, number by number, so that
// vector registers hold one number of several images. float32, or float64 where that was given. Immutable.
class TrainingImages {
 public:
  // Reads `data`, whose samples are images, block by block. usage_error for classes without labels, and where all
  // together are more than limits::kMostBytes.
  TrainingImages(const DataSource& data, const TrainingOptions& options);
  // images [N,C,H,W] float32 or float64.
  explicit TrainingImages(const torch::Tensor& images, const TrainingOptions& options = {},
                          const torch::Tensor& labels = {}, int64_t classes = 0);

  const ImageShape& shape() const { return shape_; }
  int64_t count() const { return count_; }                      // with mirror images
  int64_t classes() const { return std::ssize(class_parts_); }  // 0: not sorted by label
  std::span<const ImagePart> parts() const { return parts_; }   // all there are
  std::span<const ImagePart> parts(int64_t label) const;        // of a class
  const torch::Tensor& lanes() const { return lanes_; }         // [groups, d, 32]; where no image is, copies of one
  // visit(const float*) or visit(const double*), the first number of lanes().
  template <class Visit>
  void visit(const Visit& visit) const {
    if (lanes_.scalar_type() == torch::kFloat32) return visit(lanes_.const_data_ptr<float>());
    visit(lanes_.const_data_ptr<double>());
  }

  const torch::Tensor& mean() const { return mean_; }        // [d] float64
  double total_variance() const { return total_variance_; }  // of all d numbers, 1/N
  double mean_square() const { return mean_square_; }        // of a number
  double largest() const { return largest_; }                // the largest |number|

 private:
  using Rows = std::function<torch::Tensor(const torch::Tensor& index)>;  // [n,C,H,W]
  void arrange(int64_t count, const Rows& rows, torch::ScalarType dtype, const TrainingOptions& options,
               const torch::Tensor& labels, int64_t classes);

  ImageShape shape_;
  int64_t count_ = 0;
  std::vector<ImagePart> parts_;
  std::vector<std::pair<size_t, size_t>> class_parts_;  // first and end
  torch::Tensor lanes_, mean_;
  double total_variance_ = 0, mean_square_ = 0, largest_ = 0;
};

// The same images as shards of at least `groups` groups, and more where there would be over `most` shards; those at the
// ends of parts, which no shard reaches over, may be smaller. The number of threads does not matter.
std::vector<ImagePart> shards_of(std::span<const ImagePart> parts, int64_t groups = 16, int64_t most = 256);

}  // namespace farfield

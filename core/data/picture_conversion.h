#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/data/readers.h"

namespace farfield {

// What the options of a SRC ask to be done to each picture, in this order:
//   channels=grey|rgb         OpenCV's luma, 0.299 R + 0.587 G + 0.114 B; or one channel three times
//   crop=square|N|HxW         the centre
//   resize=N|HxW              OpenCV's area filter where no side grows, else its bilinear one
class PictureConversion {
 public:
  // usage_error for values that are none of these, and sides beyond 4096.
  explicit PictureConversion(const SourceRequest& request);
  static const std::vector<std::string>& options();  // their names

  bool empty() const { return channels_.empty() && crop_.empty() && !resize_; }
  // [C,H,W] uint8 or float32 -> the same. bad_file naming `where` for a picture that is smaller than its crop, or of other
  // than 1 or 3 channels where those are converted. From any thread.
  torch::Tensor apply(const torch::Tensor& picture, const std::string& where) const;
  std::vector<std::string> notes() const;  // for DataNotes::conversions

 private:
  struct Size {
    int64_t height = 0, width = 0;
  };
  static Size parse_size(const SourceRequest& request, const std::string& option);
  torch::Tensor cropped(const torch::Tensor& picture, const std::string& where) const;

  std::string channels_, crop_, resize_text_;
  std::optional<Size> crop_size_, resize_;  // no crop_size_ with crop=square
};

// The samples that `request` wants (first=N) with its conversion applied to each, and noted.
RawSamples converted(const SourceRequest& request, RawSamples raw);

}  // namespace farfield

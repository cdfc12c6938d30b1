#include "core/io/picture_filters.h"

#include <mutex>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace farfield {
namespace {

void stay_on_this_thread() {  // threads are the caller's to share out
  static std::once_flag once;
  std::call_once(once, [] { cv::setNumThreads(1); });
}

int depth_of(const torch::Tensor& picture) { return picture.scalar_type() == torch::kUInt8 ? CV_8U : CV_32F; }

// Channel `channel` of a contiguous [C,H,W] tensor, sharing its memory.
cv::Mat plane(torch::Tensor& picture, int64_t channel) {
  auto* bytes = static_cast<char*>(picture.mutable_data_ptr());
  const auto stride = picture.size(1) * picture.size(2) * picture.element_size();
  return {static_cast<int>(picture.size(1)), static_cast<int>(picture.size(2)), depth_of(picture),
          bytes + channel * stride};
}

}  // namespace

torch::Tensor to_grey(torch::Tensor picture) {
  stay_on_this_thread();
  auto grey = torch::empty({1, picture.size(1), picture.size(2)}, picture.options());
  const std::vector<cv::Mat> planes = {plane(picture, 0), plane(picture, 1), plane(picture, 2)};
  cv::Mat colours, output = plane(grey, 0);
  cv::merge(planes, colours);
  cv::cvtColor(colours, output, cv::COLOR_RGB2GRAY);
  return grey;
}

torch::Tensor resized(torch::Tensor picture, int64_t height, int64_t width) {
  stay_on_this_thread();
  auto result = torch::empty({picture.size(0), height, width}, picture.options());
  const bool grows = height > picture.size(1) || width > picture.size(2);
  for (int64_t channel = 0; channel < picture.size(0); ++channel) {
    cv::Mat output = plane(result, channel);
    cv::resize(plane(picture, channel), output, output.size(), 0, 0, grows ? cv::INTER_LINEAR : cv::INTER_AREA);
  }
  return result;
}

}  // namespace farfield

#include "core/data/picture_conversion.h"

#include <algorithm>
#include <cstring>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "core/error.h"
#include "core/io/picture_filters.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr int64_t kLongestSide = 4096;  // in pixels, as networks take

torch::Tensor with_channels(const torch::Tensor& picture, const std::string& wanted, const std::string& where) {
  const int64_t channels = picture.size(0);
  if (channels != 1 && channels != 3) {
    throw bad_file(where, fmt::format("channels={} converts pictures of 1 or 3 channels, got {}", wanted, channels));
  }
  if (wanted == "grey") return channels == 1 ? picture : to_grey(picture);
  return channels == 3 ? picture : picture.expand({3, -1, -1}).contiguous();
}

}  // namespace

const std::vector<std::string>& PictureConversion::options() {
  static const std::vector<std::string> kOptions = {"channels", "crop", "resize"};
  return kOptions;
}

PictureConversion::PictureConversion(const SourceRequest& request) {
  if (request.has("channels")) channels_ = request.choice("channels", "", {"grey", "rgb"});
  crop_ = request.word("crop", "");
  if (request.has("crop") && crop_ != "square") crop_size_ = parse_size(request, "crop");
  resize_text_ = request.word("resize", "");
  if (request.has("resize")) resize_ = parse_size(request, "resize");
}

// "N" or "HxW"
PictureConversion::Size PictureConversion::parse_size(const SourceRequest& request, const std::string& option) {
  const std::string text = request.word(option, "");
  const std::string what = fmt::format("data source '{}', option {}", request.text(), option);
  const size_t cross = text.find('x');
  const std::string width = cross == std::string::npos ? text : text.substr(cross + 1);
  const Size size{parse_int(text.substr(0, cross), what), parse_int(width, what)};
  for (const int64_t side : {size.height, size.width}) {
    if (side < 1 || side > kLongestSide) {
      throw usage_error(
          fmt::format("{}: got {}, expected N or HEIGHTxWIDTH with sides from 1 to {}", what, text, kLongestSide));
    }
  }
  return size;
}

torch::Tensor PictureConversion::cropped(const torch::Tensor& picture, const std::string& where) const {
  const int64_t height = picture.size(1), width = picture.size(2), side = std::min(height, width);
  const Size size = crop_size_.value_or(Size{side, side});
  if (size.height > height || size.width > width) {
    throw bad_file(where, fmt::format("crop={}: got a picture of {} x {} (height, width), expected at least {} x {}",
                                      crop_, height, width, size.height, size.width));
  }
  return picture.narrow(1, (height - size.height) / 2, size.height).narrow(2, (width - size.width) / 2, size.width);
}

torch::Tensor PictureConversion::apply(const torch::Tensor& picture, const std::string& where) const {
  torch::Tensor result = picture.contiguous();
  if (!channels_.empty()) result = with_channels(result, channels_, where);
  if (!crop_.empty()) result = cropped(result, where).contiguous();
  if (resize_ && (resize_->height != result.size(1) || resize_->width != result.size(2))) {
    result = resized(result, resize_->height, resize_->width);
  }
  return result;
}

std::vector<std::string> PictureConversion::notes() const {
  std::vector<std::string> notes;
  if (channels_ == "grey") notes.emplace_back("channels=grey: 0.299 R + 0.587 G + 0.114 B (OpenCV)");
  if (channels_ == "rgb") notes.emplace_back("channels=rgb: grey three times");
  if (!crop_.empty()) notes.push_back(fmt::format("crop={}: the centre", crop_));
  if (resize_)
    notes.push_back(fmt::format("resize={}: OpenCV's area filter, bilinear where a side grows", resize_text_));
  return notes;
}

RawSamples converted(const SourceRequest& request, RawSamples raw) {
  const PictureConversion conversion(request);
  const int64_t count = std::min(raw.samples.size(0), request.first());
  if (conversion.empty() || count == 0) return raw;
  if (raw.samples.dim() != 4) {
    throw usage_error(fmt::format("data source '{}': {} apply to images, but the samples are {}", request.text(),
                                  join(PictureConversion::options(), ", "), fmt::streamed(raw.samples.sizes())));
  }
  const auto convert = [&](int64_t i) {
    return conversion.apply(raw.samples[i], fmt::format("{}, sample {}", request.text(), i));
  };
  const auto first = convert(0);
  if (static_cast<int64_t>(first.nbytes()) > limits::kMostBytes / count) {
    throw usage_error(fmt::format("data source '{}': {} images of {} take more than {} bytes; use first=N",
                                  request.text(), count, fmt::streamed(first.sizes()), limits::kMostBytes));
  }
  auto results = torch::empty({count, first.size(0), first.size(1), first.size(2)}, first.options());
  auto* bytes = static_cast<char*>(results.mutable_data_ptr());
  at::parallel_for(0, count, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto result = convert(i).contiguous();
      std::memcpy(bytes + i * static_cast<int64_t>(result.nbytes()), result.const_data_ptr(), result.nbytes());
    }
  });
  raw.samples = results;
  for (auto& note : conversion.notes()) raw.notes.conversions.push_back(std::move(note));
  return raw;
}

}  // namespace farfield

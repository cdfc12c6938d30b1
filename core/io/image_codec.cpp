#include <iostream>
#include <limits>
#include <mutex>

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/io/image.h"
#include "core/io/image_header.h"
#include "core/io/png_text.h"
#include "core/want_of_memory.h"

namespace farfield {
namespace {

constexpr size_t kMostBytesPerPixel = 16;  // RGBA of 16 bits, and as much again for the decoder

// While one lives, std::cerr takes nothing: OpenCV would write a line of its own for each image that it cannot decode.
class QuietErrors {
 public:
  QuietErrors() {
    const std::lock_guard lock(mutex());
    if (count()++ == 0) std::cerr.setstate(std::ios::failbit);
  }
  ~QuietErrors() {
    const std::lock_guard lock(mutex());
    if (--count() == 0) std::cerr.clear();
  }
  QuietErrors(const QuietErrors&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex instance;
    return instance;
  }
  static int& count() {
    static int instance = 0;
    return instance;
  }
};

// Decoded as it is: BGR, BGRA or grey, 8 or 16 bits, no rotation by EXIF.
cv::Mat decode(std::string_view bytes, const ImageHeader& header, std::string_view name) {
  if (bytes.size() > std::numeric_limits<int>::max()) throw bad_file(name, "an image file of more than 2 GiB");
  const cv::Mat input(1, static_cast<int>(bytes.size()), CV_8U, const_cast<char*>(bytes.data()));
  cv::Mat image;
  const QuietErrors quiet;
  try {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    image = cv::imdecode(input, cv::IMREAD_UNCHANGED);
  } catch (const cv::Exception& error) {
    pass_on_want_of_memory(error);
    throw bad_file(name, "the image is damaged: " + error.err);
  }
  if (image.empty()) {  // which is all that OpenCV says, whatever the reason
    require_memory(kMostBytesPerPixel * static_cast<size_t>(header.width) * static_cast<size_t>(header.height));
    throw bad_file(name, "the image is damaged or of a kind that OpenCV cannot decode");
  }
  return image;
}

[[noreturn]] void refuse_transparent(std::string_view name) {
  throw bad_file(name, "the image is transparent; flatten it onto a background first");
}

// Without the alpha channel, which must be opaque; in BMP files it is often 0 throughout, meaning nothing.
cv::Mat drop_alpha(const cv::Mat& image, bool zero_means_none, std::string_view name) {
  cv::Mat alpha, colour;
  cv::extractChannel(image, alpha, 3);
  double low = 0, high = 0;
  cv::minMaxLoc(alpha, &low, &high);
  const double opaque = image.depth() == CV_16U ? 65535 : 255;
  if (low != opaque && !(zero_means_none && high == 0)) refuse_transparent(name);
  cv::cvtColor(image, colour, cv::COLOR_BGRA2BGR);
  return colour;
}

}  // namespace

torch::Tensor decode_image(std::string_view bytes, std::string_view name) {
  const ImageHeader header = read_image_header(bytes, name);
  // OpenCV wants white space behind the last number of a plain PNM.
  cv::Mat image = header.format == ImageFormat::kPnm ? decode(std::string(bytes) + "\n", header, name)
                                                     : decode(bytes, header, name);
  if (image.cols != header.width || image.rows != header.height) {
    throw bad_file(name, "the image is not of the size that its header names");
  }
  if (header.transparent_grey && image.channels() == 1 && cv::countNonZero(image == *header.transparent_grey) > 0) {
    refuse_transparent(name);
  }
  if (image.depth() == CV_16U) {
    constexpr double kTo8Bits = 255.0 / 65535.0;
    if (image.channels() == 4) image = drop_alpha(image, false, name);
    image.convertTo(image, CV_8U, kTo8Bits);
  }
  if (image.depth() != CV_8U) throw bad_file(name, "the image has neither 8 nor 16 bits a channel");
  if (image.channels() == 4) image = drop_alpha(image, header.format == ImageFormat::kBmp, name);
  const bool grey = header.grey || image.channels() == 1;
  if (grey && image.channels() == 3) cv::extractChannel(image, image, 0);
  auto pixels = torch::empty({image.rows, image.cols, grey ? 1 : 3}, torch::kUInt8);
  cv::Mat output(image.rows, image.cols, grey ? CV_8UC1 : CV_8UC3, pixels.data_ptr());
  if (grey) {
    image.copyTo(output);
  } else {
    cv::cvtColor(image, output, cv::COLOR_BGR2RGB);
  }
  return pixels;
}

std::string encode_png(const torch::Tensor& image, const std::map<std::string, std::string>& text) {
  check(image.scalar_type() == torch::kUInt8 && (image.dim() == 2 || image.dim() == 3) && image.numel() > 0 &&
            (image.dim() == 2 || image.size(2) == 1 || image.size(2) == 3),
        "PNGs are made of uint8 [H,W] or [H,W,1 or 3]");
  const auto pixels = image.cpu().contiguous();
  const bool colour = pixels.dim() == 3 && pixels.size(2) == 3;
  cv::Mat picture(static_cast<int>(pixels.size(0)), static_cast<int>(pixels.size(1)), colour ? CV_8UC3 : CV_8UC1,
                  pixels.data_ptr());
  cv::Mat reversed;
  if (colour) cv::cvtColor(picture, reversed, cv::COLOR_RGB2BGR);
  std::vector<uchar> bytes;
  try {
    check(cv::imencode(".png", colour ? reversed : picture, bytes), "OpenCV encodes PNG");
  } catch (const cv::Exception&) {
    throw std::bad_alloc();  // of a picture that was checked, into memory: nothing else can fail
  }
  return with_png_text(std::string(bytes.begin(), bytes.end()), text);
}

}  // namespace farfield

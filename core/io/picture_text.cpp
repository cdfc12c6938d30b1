#include "core/io/picture_text.h"

#include <string>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/printable.h"

namespace farfield {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;
constexpr double kFontScale = 0.45;
constexpr int kBaseline = 12;  // pixels below the top of a line

std::string_view spelled(uint32_t code) {
  switch (code) {
    case U'σ':
      return "sigma";
    case U'Δ':
      return "delta ";
    case U'α':
      return "alpha ";
    case U'ε':
      return "eps";
    default:
      return "?";
  }
}

std::string in_ascii(std::string_view text) {
  std::string ascii;
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Character next = utf8_character(rest);
    if (next.size == 1 && !is_unseen(next.code)) {
      ascii += rest[0];
    } else {
      ascii += spelled(next.size == 0 ? 0 : next.code);
    }
    rest.remove_prefix(std::max<size_t>(1, next.size));
  }
  return ascii;
}

}  // namespace

int64_t text_width(std::string_view text) {
  int below = 0;
  return cv::getTextSize(in_ascii(text), kFont, kFontScale, 1, &below).width;
}

void draw_text(torch::Tensor picture, std::string_view text, int64_t left, int64_t top) {
  check(picture.dim() == 3 && picture.scalar_type() == torch::kUInt8 && picture.is_contiguous(),
        "draw_text: contiguous uint8 [H,W,C]");
  cv::Mat pixels(static_cast<int>(picture.size(0)), static_cast<int>(picture.size(1)),
                 CV_8UC(static_cast<int>(picture.size(2))), picture.mutable_data_ptr());
  const cv::Point start(static_cast<int>(left), static_cast<int>(top) + kBaseline);
  cv::putText(pixels, in_ascii(text), start, kFont, kFontScale, cv::Scalar::all(0), 1, cv::LINE_AA);
}

}  // namespace farfield

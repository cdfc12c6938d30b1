#include "analysis/page/strips.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/image.h"
#include "core/io/picture_text.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr int64_t kStripGap = 3;      // pixels between images
constexpr int64_t kStripWidth = 860;  // wanted of the images together, so that a strip fits the page
constexpr int64_t kMostCell = 96;     // pixels of an image's side that is enlarged
constexpr int64_t kTextGap = 8;       // pixels between words, and between words and images
constexpr size_t kMostLetters = 28;   // of a label
constexpr uint8_t kGround = 222;      // light grey: black words stand out from it, and it from dark and light images

std::string shortened(const std::string& label) {
  return label.size() <= kMostLetters ? label : label.substr(0, kMostLetters - 3) + "...";
}

// Where a strip's parts stand, in pixels.
struct StripLayout {
  int64_t zoom, cell_height, cell_width, left, top, height, width;

  int64_t y(size_t row) const { return top + static_cast<int64_t>(row) * (cell_height + kStripGap); }
  int64_t x(int64_t column) const { return left + column * (cell_width + kStripGap); }
};

StripLayout layout_of(const Strip& strip, int64_t image_height, int64_t image_width) {
  const auto columns = static_cast<int64_t>(strip.columns.size());
  const int64_t room = std::min(kStripWidth / columns, kMostCell);
  StripLayout layout{};
  layout.zoom = std::max<int64_t>(1, room / std::max(image_height, image_width));
  layout.cell_height = layout.zoom * image_height;
  layout.cell_width = layout.zoom * image_width;
  int64_t words = text_width(strip.column_title);
  for (const StripRow& row : strip.rows) words = std::max(words, text_width(shortened(row.label)));
  layout.left = words + 2 * kTextGap;
  layout.top = kTextHeight + kTextGap;
  layout.height = layout.y(strip.rows.size());
  layout.width = layout.x(columns - 1) + std::max(layout.cell_width, text_width(strip.columns.back())) + kTextGap;
  return layout;
}

// Captions that would run into the one before them are left out.
void draw_words(const Strip& strip, const StripLayout& layout, const torch::Tensor& canvas) {
  draw_text(canvas, strip.column_title, kTextGap, kStripGap);
  int64_t free_from = 0;
  for (size_t column = 0; column < strip.columns.size(); ++column) {
    const std::string& caption = strip.columns[column];
    const int64_t width = text_width(caption), cell = layout.x(static_cast<int64_t>(column));
    const int64_t from = std::max(layout.left, cell + (layout.cell_width - width) / 2);
    if (from < free_from) continue;
    draw_text(canvas, caption, from, kStripGap);
    free_from = from + width + kTextGap;
  }
  for (size_t row = 0; row < strip.rows.size(); ++row) {
    const int64_t middle = layout.y(row) + (layout.cell_height - kTextHeight) / 2;
    draw_text(canvas, shortened(strip.rows[row].label), kTextGap, middle);
  }
}

std::string strip_words(const Strip& strip) {
  std::vector<std::string> labels;
  for (const StripRow& row : strip.rows) labels.push_back(row.label);
  const std::string what = strip.title.empty() ? "Images" : strip.title;
  return fmt::format("{}: rows {}; columns {} {}", what, join(labels, ", "), strip.column_title,
                     join(strip.columns, ", "));
}

}  // namespace

std::optional<Picture> strip_picture(const Strip& strip) {
  check(!strip.rows.empty() && !strip.columns.empty(), "strip_picture: no rows or columns");
  if (strip.rows[0].images.dim() != 4) return std::nullopt;
  std::vector<torch::Tensor> rows;  // bytes [columns,H,W,C]
  int64_t channels = 1;
  for (const StripRow& row : strip.rows) {
    check(row.images.dim() == 4 && row.images.size(0) <= static_cast<int64_t>(strip.columns.size()),
          "strip_picture: rows of [columns, C, H, W]");
    rows.push_back(to_bytes(drawable(row.images)));
    channels = std::max(channels, rows.back().size(3));
  }
  const StripLayout layout = layout_of(strip, rows[0].size(1), rows[0].size(2));
  const torch::Tensor canvas = torch::full({layout.height, layout.width, channels}, kGround, torch::kUInt8);
  for (size_t row = 0; row < rows.size(); ++row) {
    const torch::Tensor enlarged = rows[row].repeat_interleave(layout.zoom, 1).repeat_interleave(layout.zoom, 2);
    for (int64_t column = 0; column < enlarged.size(0); ++column) {
      canvas.narrow(0, layout.y(row), layout.cell_height)
          .narrow(1, layout.x(column), layout.cell_width)
          .copy_(enlarged[column]);
    }
  }
  draw_words(strip, layout, canvas);
  return Picture{encode_png(canvas), strip_words(strip), strip.title, {}};
}

std::vector<int64_t> spread_places(int64_t count, int64_t wanted) {
  check(count >= 1 && wanted >= 1, "spread_places: nothing to choose from");
  if (wanted == 1) return {0};
  const int64_t places = std::min(count, wanted);
  std::vector<int64_t> chosen = {0};
  for (int64_t i = 1; i < places; ++i) {
    const double place = static_cast<double>(i) * static_cast<double>(count - 1) / static_cast<double>(places - 1);
    chosen.push_back(std::llround(place));
  }
  return chosen;
}

torch::Tensor scaled_to_largest(const torch::Tensor& images) {
  std::vector<int64_t> shape(static_cast<size_t>(images.dim()), 1);
  shape[0] = images.size(0);
  const torch::Tensor largest = images.abs().flatten(1).amax(1);
  return images / torch::where(largest > 0, largest, torch::ones_like(largest)).reshape(shape);
}

}  // namespace farfield

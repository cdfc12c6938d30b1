#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/page/report.h"

namespace farfield {

// One row of a strip: what its images are, in a word or two ("x", "D of the model"), and one image a column.
struct StripRow {
  std::string label;
  torch::Tensor images;  // [columns, C, H, W] floating, any device; shown from -1 (black) to 1, cut off outside
};

// Images of one sample over the noise levels (columns), of several sequences (rows).
struct Strip {
  std::string title;                 // above the picture: whose, which seed
  std::string column_title;          // what the captions of the columns are: "sigma"
  std::vector<std::string> columns;  // a caption each, short: "80", "0.5"
  std::vector<StripRow> rows;        // a row with fewer images than columns leaves the last places empty
};

// The strip as one picture: rows below each other, gaps between, every pixel enlarged by a whole number; captions and labels
// are drawn into it (core/io/picture_text.h). Nothing where the samples are no images (points in the plane).
std::optional<Picture> strip_picture(const Strip& strip);

// `wanted` places out of `count`, evenly apart with both ends, in order; all of them where there are no more.
std::vector<int64_t> spread_places(int64_t count, int64_t wanted);

// Every image divided by its own largest absolute value; an image of zeros stays. [n, ...] floating.
torch::Tensor scaled_to_largest(const torch::Tensor& images);

}  // namespace farfield

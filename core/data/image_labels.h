#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/data/kinds.h"

namespace farfield {

// The labels of `images` (paths with '/') from the text of an EDM data set's dataset.json:
//   {"labels": [["00000/img00000000.png", 6], ...]}  or  {"labels": null}
// A label is a class number, or a one-hot row of numbers. Fills labels and label_dim (highest class + 1, or the length
// of the rows); leaves them empty for null. bad_file naming `where` for anything else, for an image without a label
// and for a label given twice.
RawSamples parse_image_labels(std::string_view json, const std::string& where, const std::vector<std::string>& images);

}  // namespace farfield

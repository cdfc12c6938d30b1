#pragma once

#include <string>
#include <vector>

#include "core/data/labelled_images.h"

namespace farfield {

// A dataset.json or labels.json: its path in the data set and its text.
struct LabelFile {
  std::string path, text;
};

// The labels of `images` (paths with '/') in the data set `where`, gathered from every label file:
//   {"labels": [["00000/img00000000.png", 6], ...]}     NVlabs EDM's; {"labels": null} or no file: no labels
//   the list alone, {"labels": {"PATH": 6, ...}}, {"PATH": 6, ...}, "Labels" in any case
// A label is a class (a whole number, also 6.0 or [6]), a one-hot row of numbers, or a text; null is none. Paths start at
// the folder of the label file; where no image is named so, at the data set's or the images' common folder, or after the
// leading folders of the path. '\', "./" and the Unicode form do not matter.
// bad_file for anything else in a dataset.json (a labels.json is left out), for an image with two different labels, and when labels
// name none of the images.
ImageLabels read_image_labels(const std::string& where, const std::vector<LabelFile>& files,
                              const std::vector<std::string>& images);

}  // namespace farfield

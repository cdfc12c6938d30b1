#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/data/left_out.h"

namespace farfield {

// What label files, or folders, say about pictures.
struct ImageLabels {
  torch::Tensor labels;                  // [N] int64, one for each of `images`; undefined when no file holds labels
  int64_t label_dim = 0;                 // highest class + 1, or the length of the one-hot rows
  std::vector<std::string> label_names;  // of classes that are texts: the different ones in sorted order
  std::vector<std::string> images;       // those with a label, in the order they came in; all without labels
  std::vector<std::string> unlabelled;   // the others
  LeftOutList left_out;                  // labels without an image, label files that hold none
};

}  // namespace farfield

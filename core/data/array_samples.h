#pragma once

#include <string>

#include "core/data/readers.h"

namespace farfield {

// The samples of an array as DataSource takes them:
//   uint8 [N,H,W], [N,H,W,1], [N,H,W,3]      images
//   floating point [N,H,W], [N,C,H,W]        images, values as they are; [N, ...] other samples
// Options: layout=nchw|nhwc says where the channels of a four-dimensional array are, of any number; range=LOW..HIGH maps
// floating point values to [-1, 1], and those of other integers, range=keep leaves them. Without them, floating point
// images that look like channels last, [0, 1] or [0, 255] get a warning that names the option. bad_file naming `where`
// for other arrays, usage_error for an option that does not apply to this one.
RawSamples array_samples(const SourceRequest& request, const std::string& where, const torch::Tensor& array);

}  // namespace farfield

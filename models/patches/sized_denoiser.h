#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/patches/patch_fits.h"

namespace farfield {

// The kinds with a patch size: ls, those of els, pspc.
std::vector<std::string> sized_kinds();
// What `request`, whose options' name is such a kind, asks for but the size: k, p and table are not read.
SizedDenoiser sized_denoiser(const ReferenceRequest& request);
// The largest size that the kind has for these images.
int64_t most_size(const ReferenceRequest& request);

}  // namespace farfield

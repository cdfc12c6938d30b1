#pragma once

#include <filesystem>

#include <torch/types.h>

#include "models/denoiser.h"

namespace farfield {

// Seeds 0 ... 39 with EDM's sampler (Heun, 18 steps) as the picture `png`: the same noise, and the same class, at the same
// place every time. Nothing is drawn for points.
void draw_preview(const Denoiser& denoiser, const std::filesystem::path& png, torch::Device device);

}  // namespace farfield

#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <torch/types.h>

#include "models/denoiser.h"
#include "samplers/sampler.h"

namespace farfield::tools {

// Latents z of some samples: a run that starts at noise level sigma starts at sigma z.
struct LatentsFile {
  torch::Tensor latents;        // [N, ...shape] float64
  torch::Tensor classes;        // [N] int64, or undefined
  std::optional<double> sigma;  // the level they belong to; free when absent (plain noise)
};

// latents.npz as `encode` writes it, any .npz with an array `latents`, or a .npy of them. bad_file for wrong
// shapes, dtypes, values that are not finite and labels outside the model's; usage_error when the model's samples
// have another shape.
LatentsFile read_latents(const std::filesystem::path& path, const DenoiserInfo& model);

// usage_error when the file's level is another than `first`, the level the run starts at.
void check_level_of(const LatentsFile& file, double first);

// Latents, and classes where the file has them, instead of those the seeds draw. `seeds`: their names, one a latent; ""
// for 0 ... N - 1. request.levels and request.label stand already. As above; usage_error for another number of seeds.
void start_from_file(const std::filesystem::path& path, const std::string& seeds, const DenoiserInfo& model,
                     SampleRequest& request);

}  // namespace farfield::tools

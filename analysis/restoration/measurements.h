#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <torch/types.h>

#include "models/operators/operator.h"

namespace farfield {

// y = A(x) + sigma_y n of truths x [N, ...image_shape] -> [N, ...measurement_shape] float64; n of row i is a function of seed and i
// alone, and 0 where nothing is measured.
torch::Tensor degrade(const Operator& op, const torch::Tensor& truth, double sigma_y, int64_t seed);

// measurement.npz: what restoring writes and reads again.
struct MeasurementFile {
  torch::Tensor y;                 // [N, ...], float64
  torch::Tensor truth = {};        // [N, ...] float64, undefined where it is not known
  std::string operator_text = {};  // "" where the file does not say
  std::optional<double> sigma_y = {};
};

// Of an .npz the arrays measurement and, where there are such, truth, operator (its text as bytes) and sigma_y; of an .npy the
// measurement alone. bad_file naming the array for what is not floating point, not finite or of no samples.
MeasurementFile read_measurements(const std::filesystem::path& path);
void write_measurements(const std::filesystem::path& path, const MeasurementFile& file);

}  // namespace farfield

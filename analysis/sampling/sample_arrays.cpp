#include "analysis/sampling/sample_arrays.h"

#include "core/io/image.h"

namespace farfield {

bool is_image(torch::IntArrayRef sample_shape) {
  return sample_shape.size() == 3 && (sample_shape[0] == 1 || sample_shape[0] == 3);
}

Arrays sample_arrays(const Samples& samples) {
  Arrays arrays = {{"x", samples.x}, {"seeds", samples.seeds}, {"labels", samples.classes}};
  if (samples.trajectory.defined()) {
    arrays["trajectory"] = samples.trajectory;
    arrays["denoised"] = samples.denoised;
    arrays["sigmas"] = torch::tensor(samples.levels, torch::kFloat64);
  }
  if (is_image(samples.x.sizes().slice(1))) arrays["images"] = to_bytes(samples.x);
  return arrays;
}

}  // namespace farfield

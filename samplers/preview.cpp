#include "samplers/preview.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "core/io/image.h"
#include "samplers/model_levels.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

constexpr int64_t kPreviewSamples = 40, kPreviewColumns = 10, kEnlargedPixels = 64;

// The samples as one picture; where a sample is a row of channels, fewer of them stand beside each other.
torch::Tensor preview_of(const torch::Tensor& samples) {
  const auto pictures = to_bytes(drawable(samples));
  const int64_t columns = std::max<int64_t>(1, kPreviewColumns * samples.size(3) / pictures.size(2));
  return image_grid(pictures, columns, 2, samples.size(3) > kEnlargedPixels ? 1 : 2);
}

}  // namespace

void draw_preview(const Denoiser& denoiser, const std::filesystem::path& png, torch::Device device) {
  const auto& info = denoiser.info();
  if (info.sample_shape.size() != 3) return;
  SampleRequest request;
  request.seeds.resize(kPreviewSamples);
  std::iota(request.seeds.begin(), request.seeds.end(), 0);
  request.levels = resolve_levels({}, info);
  request.device = device;
  const auto samples = sample(denoiser, *make_solver("heun"), request);
  write_png(png, preview_of(samples.x),
            {{"solver", "heun"},
             {"steps", std::to_string(request.levels.size() - 1)},
             {"nfe", std::to_string(samples.nfe)},
             {"seeds", fmt::format("0-{}", kPreviewSamples - 1)}});
}

}  // namespace farfield

#include <numeric>

#include <fmt/format.h>

#include "core/error.h"
#include "models/patches/box_filter.h"
#include "models/patches/local_means.h"
#include "models/patches/patch_denoiser.h"
#include "models/patches/patch_fits.h"
#include "models/patches/patch_options.h"
#include "models/patches/patches.h"
#include "models/patches/same_place_means.h"
#include "models/patches/window_filter.h"

namespace farfield {
namespace {

// Every pixel answers for itself.
std::shared_ptr<const FilteredMeans> pixel_means(const ImageShape& shape, std::shared_ptr<const LaneFilter> filter) {
  std::vector<int32_t> pixels(static_cast<size_t>(shape.pixels()));
  std::iota(pixels.begin(), pixels.end(), 0);
  return make_own_means(std::move(filter), {shape.channels, shape.pixels()}, std::move(pixels));
}

std::shared_ptr<const FilteredMeans> soft_local_means(const ImageShape& shape, int64_t k, BoxBoundary boundary) {
  const bool wraps = boundary == BoxBoundary::kCircular;
  return pixel_means(shape,
                     make_window_filter(gaussian_axis(shape.height, k, wraps), gaussian_axis(shape.width, k, wraps)));
}

}  // namespace

std::shared_ptr<const FilteredMeans> local_means(const ImageShape& shape, int64_t k, BoxBoundary boundary) {
  const auto axis = boundary == BoxBoundary::kZero ? clipped_axis : wrapped_axis;
  return pixel_means(shape, make_box_filter(axis(shape.height, k), axis(shape.width, k)));
}

std::unique_ptr<Denoiser> make_local_score(TrainingImages images, const PatchSizes& sizes, BoxBoundary boundary,
                                           WindowShape window) {
  const ImageShape shape = images.shape();
  for (const int64_t k : sizes.all()) {
    check_odd("ls", k);
    if (boundary == BoxBoundary::kCircular) check_on_circle("ls", k, shape);
  }
  const std::string name = fmt::format("ls (k = {}{}{})", sizes.words(),
                                       boundary == BoxBoundary::kZero ? "" : ", circular",
                                       window == WindowShape::kBox ? "" : ", gaussian");
  return make_patch_denoiser("ls", name, std::move(images), [=](double sigma) {
    const PatchSizes::Size k = sizes.at(sigma);
    if (k.whole) return whole_image_means(shape);
    return window == WindowShape::kBox ? local_means(shape, k.size, boundary)
                                       : soft_local_means(shape, k.size, boundary);
  });
}

SizedDenoiser sized_local_score(const ReferenceRequest& request) {
  image_shape(request.data.info(), "ls");
  const bool zero = request.options.choice("boundary", "zero", {"zero", "circular"}) == "zero";
  const BoxBoundary boundary = zero ? BoxBoundary::kZero : BoxBoundary::kCircular;
  const WindowShape window = read_window(request.options);
  const TrainingImages images(request.data, read_training(request.options, false));
  return [=](const PatchSizes& sizes) { return make_local_score(images, sizes, boundary, window); };
}

std::unique_ptr<Denoiser> local_score_of(const ReferenceRequest& request) {
  const PatchSizes sizes = read_sizes(request.options, "k", image_shape(request.data.info(), "ls"));
  return sized_local_score(request)(sizes);
}

}  // namespace farfield

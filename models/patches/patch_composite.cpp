#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "models/patches/box_filter.h"
#include "models/patches/patch_denoiser.h"
#include "models/patches/patch_fits.h"
#include "models/patches/patch_options.h"
#include "models/patches/patches.h"
#include "models/patches/same_place_means.h"
#include "models/patches/window_filter.h"

namespace farfield {

namespace {

std::shared_ptr<const FilteredMeans> box_composite(const ImageShape& shape, int64_t p) {
  return make_composite_means(make_box_filter(inside_axis(shape.height, p), inside_axis(shape.width, p)),
                              make_box_filter(covering_axis(shape.height, p), covering_axis(shape.width, p)),
                              {shape.channels, shape.pixels()});
}

std::shared_ptr<const FilteredMeans> soft_composite(const ImageShape& shape, int64_t p) {
  const torch::Tensor rows = gaussian_axis_inside(shape.height, p), columns = gaussian_axis_inside(shape.width, p);
  return make_composite_means(make_window_filter(rows, columns), make_window_filter(rows.t(), columns.t()),
                              {shape.channels, shape.pixels()});
}

}  // namespace

std::unique_ptr<Denoiser> make_patch_composite(TrainingImages images, const PatchSizes& sizes, WindowShape window) {
  const ImageShape shape = images.shape();
  const int64_t side = std::min(shape.height, shape.width);
  for (const int64_t p : sizes.all()) {
    if (p >= 1 && p <= side) continue;
    throw usage_error(fmt::format("pspc: no window of {} x {} lies inside an image of {} x {}; give p from 1 to {}", p,
                                  p, shape.height, shape.width, side));
  }
  const std::string name = fmt::format("pspc (p = {}{})", sizes.words(),
                                       window == WindowShape::kBox ? "" : ", gaussian");
  return make_patch_denoiser("pspc", name, std::move(images), [=](double sigma) {
    const PatchSizes::Size p = sizes.at(sigma);
    if (p.whole) return whole_image_means(shape);
    return window == WindowShape::kBox ? box_composite(shape, p.size) : soft_composite(shape, p.size);
  });
}

SizedDenoiser sized_patch_composite(const ReferenceRequest& request) {
  image_shape(request.data.info(), "pspc");
  const WindowShape window = read_window(request.options);
  const TrainingImages images(request.data, read_training(request.options, true));
  return [=](const PatchSizes& sizes) { return make_patch_composite(images, sizes, window); };
}

std::unique_ptr<Denoiser> patch_composite_of(const ReferenceRequest& request) {
  const PatchSizes sizes = read_sizes(request.options, "p", image_shape(request.data.info(), "pspc"));
  return sized_patch_composite(request)(sizes);
}

}  // namespace farfield

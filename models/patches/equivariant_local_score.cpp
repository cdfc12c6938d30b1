#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "models/patches/local_means.h"
#include "models/patches/patch_denoiser.h"
#include "models/patches/patch_fits.h"
#include "models/patches/patch_options.h"
#include "models/patches/patches.h"
#include "models/patches/window_means.h"

namespace farfield {
namespace {

std::string kind_of(WindowMode mode) {
  switch (mode) {
    case WindowMode::kCircularInterior:
      return "els-circular-interior";
    case WindowMode::kCircularAll:
      return "els-circular-all";
    case WindowMode::kZeroAll:
      return "els-zero-all";
    case WindowMode::kBorder:
      return "els-border";
  }
  return "";
}

void check_window(const std::string& kind, int64_t k, WindowMode mode, const ImageShape& shape) {
  check_odd(kind, k);
  const int64_t side = std::min(shape.height, shape.width);
  if (mode == WindowMode::kCircularInterior && k > side) {
    throw usage_error(fmt::format(
        "{}: no window of {} x {} lies inside an image of {} x {}; give k of at most {}, or els-circular-all", kind, k,
        k, shape.height, shape.width, side - 1 + side % 2));
  }
  if (mode == WindowMode::kCircularAll) check_on_circle(kind, k, shape);
}

// Windows, and the local score where only windows at the same place count: corners, within k / 2 of two borders.
class BorderMeans final : public FilteredMeans {
 public:
  BorderMeans(const ImageShape& shape, int64_t k)
      : shape_(shape),
        same_place_(window_plan(shape, k, WindowMode::kBorder).same_place),
        windows_(make_window_means(shape, k, WindowMode::kBorder)),
        local_(local_means(shape, k, BoxBoundary::kZero)) {}

  void denoise(const FilteredQuery& query, double* denoised) const override {
    std::vector<double> local(static_cast<size_t>(shape_.values()));
    local_->denoise(query, local.data());
    windows_->denoise(query, denoised);
    for (int64_t c = 0; c < shape_.channels; ++c) {
      for (const int32_t pixel : same_place_) {
        denoised[c * shape_.pixels() + pixel] = local[static_cast<size_t>(c * shape_.pixels() + pixel)];
      }
    }
  }

 private:
  ImageShape shape_;
  std::vector<int32_t> same_place_;
  std::unique_ptr<FilteredMeans> windows_;
  std::shared_ptr<const FilteredMeans> local_;
};

SizedDenoiser sized_score(const ReferenceRequest& request, WindowMode mode) {
  image_shape(request.data.info(), kind_of(mode));
  const TrainingImages images(request.data, read_training(request.options, false));
  return [=](const PatchSizes& sizes) { return make_equivariant_local_score(images, sizes, mode); };
}

std::unique_ptr<Denoiser> fitted_score(const ReferenceRequest& request, WindowMode mode) {
  const ImageShape shape = image_shape(request.data.info(), kind_of(mode));
  const PatchSizes sizes = read_sizes(request.options, "k", shape);
  for (const int64_t k : sizes.all()) check_window(kind_of(mode), k, mode, shape);  // before any image is read
  return sized_score(request, mode)(sizes);
}

}  // namespace

std::unique_ptr<Denoiser> make_equivariant_local_score(TrainingImages images, const PatchSizes& sizes,
                                                       WindowMode mode) {
  const ImageShape shape = images.shape();
  const int64_t side = std::max(shape.height, shape.width);
  for (const int64_t k : sizes.all()) check_window(kind_of(mode), k, mode, shape);
  const std::string name = fmt::format("{} (k = {})", kind_of(mode), sizes.words());
  return make_patch_denoiser(kind_of(mode), name, std::move(images),
                             [=](double sigma) -> std::shared_ptr<const FilteredMeans> {
    const PatchSizes::Size k = sizes.at(sigma);
    if (k.whole) return whole_image_means(shape);
    if (mode == WindowMode::kBorder && k.size >= side) return local_means(shape, k.size, BoxBoundary::kZero);
    if (mode == WindowMode::kBorder) return std::make_shared<BorderMeans>(shape, k.size);
    return make_window_means(shape, std::min(k.size, 2 * side - 1), mode);
  });
}

std::unique_ptr<Denoiser> border_score_of(const ReferenceRequest& request) {
  return fitted_score(request, WindowMode::kBorder);
}

std::unique_ptr<Denoiser> circular_interior_score_of(const ReferenceRequest& request) {
  return fitted_score(request, WindowMode::kCircularInterior);
}

std::unique_ptr<Denoiser> circular_score_of(const ReferenceRequest& request) {
  return fitted_score(request, WindowMode::kCircularAll);
}

std::unique_ptr<Denoiser> zero_padded_score_of(const ReferenceRequest& request) {
  return fitted_score(request, WindowMode::kZeroAll);
}

SizedDenoiser sized_border_score(const ReferenceRequest& request) { return sized_score(request, WindowMode::kBorder); }

SizedDenoiser sized_circular_interior_score(const ReferenceRequest& request) {
  return sized_score(request, WindowMode::kCircularInterior);
}

SizedDenoiser sized_circular_score(const ReferenceRequest& request) {
  return sized_score(request, WindowMode::kCircularAll);
}

SizedDenoiser sized_zero_padded_score(const ReferenceRequest& request) {
  return sized_score(request, WindowMode::kZeroAll);
}

}  // namespace farfield

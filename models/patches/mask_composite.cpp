#include <fmt/format.h>

#include "core/error.h"
#include "models/patches/level_cache.h"
#include "models/patches/patch_denoiser.h"
#include "models/patches/patch_fits.h"
#include "models/patches/patch_options.h"
#include "models/patches/patches.h"
#include "models/patches/same_place_means.h"

namespace farfield {
namespace {

constexpr size_t kMaskLevelsKept = 8;

// A composite, and then the pixels that none of its masks has.
class CoveredMeans final : public FilteredMeans {
 public:
  CoveredMeans(std::unique_ptr<FilteredMeans> composite, std::unique_ptr<FilteredMeans> uncovered)
      : composite_(std::move(composite)), uncovered_(std::move(uncovered)) {}

  void denoise(const FilteredQuery& query, double* denoised) const override {
    composite_->denoise(query, denoised);
    uncovered_->denoise(query, denoised);
  }

 private:
  std::unique_ptr<FilteredMeans> composite_, uncovered_;
};

// Of every pixel that no mask has, its own mask with the pixel added.
MaskSet own_masks(const MaskSet& masks, const MaskSet& covering, std::vector<int32_t>& pixels) {
  MaskSet own;
  own.planes_in_all = masks.planes_in_all;
  for (int64_t u = 0; u < masks.planes_in_all; ++u) {
    if (covering.begin[u] < covering.begin[u + 1]) continue;
    pixels.push_back(static_cast<int32_t>(u));
    own.planes.insert(own.planes.end(), masks.planes.begin() + masks.begin[u],
                      masks.planes.begin() + masks.begin[u + 1]);
    own.planes.push_back(static_cast<int32_t>(u));
    own.begin.push_back(std::ssize(own.planes));
  }
  return own;
}

std::unique_ptr<FilteredMeans> masked_means(const MaskSet& masks, PlaneLayout layout, Uncovered uncovered) {
  const MaskSet covering = transposed(masks);
  auto composite = make_composite_means(make_mask_filter(masks), make_mask_filter(covering), layout);
  if (uncovered == Uncovered::kZero) return composite;
  std::vector<int32_t> pixels;
  MaskSet own = own_masks(masks, covering, pixels);
  if (pixels.empty()) return composite;
  return std::make_unique<CoveredMeans>(std::move(composite),
                                        make_own_means(make_mask_filter(std::move(own)), layout, std::move(pixels)));
}

}  // namespace

std::unique_ptr<Denoiser> make_mask_composite(TrainingImages images, HeatMaps heat, LevelTable fractions,
                                              Uncovered uncovered) {
  const ImageShape shape = images.shape();
  const auto means = [shape, heat = std::move(heat), fractions = std::move(fractions),
                      uncovered](double sigma) -> std::shared_ptr<const FilteredMeans> {
    const double fraction = fractions.at(sigma);
    if (fraction == 1) return whole_image_means(shape);
    return masked_means(heat.masks(sigma, fraction), {shape.channels, shape.pixels()}, uncovered);
  };
  return make_patch_denoiser("pspc-flex", "pspc-flex", std::move(images), kept_means(means, kMaskLevelsKept));
}

std::unique_ptr<Denoiser> mask_composite_of(const ReferenceRequest& request) {
  const ImageShape shape = image_shape(request.data.info(), "pspc-flex");
  const std::string heat = request.options.text("heat", "");
  LevelTable fractions = read_fractions(request.options);
  const bool own = request.options.choice("uncovered", "own", {"own", "zero"}) == "own";
  const TrainingOptions training = read_training(request.options, true);
  if (heat.empty())
    throw usage_error(
        "pspc-flex: give heat=FILE, what each output pixel depends on: .npy [H,W,H,W], or .npz of several levels");
  return make_mask_composite({request.data, training}, HeatMaps::read(heat, shape), std::move(fractions),
                             own ? Uncovered::kOwn : Uncovered::kZero);
}

}  // namespace farfield

#include "models/patches/heat_maps.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/npz.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {
namespace {

using torch::Tensor;

std::string shape_text(const Tensor& array) { return "[" + join(array.sizes(), ",") + "]"; }

// Adds the mask of one pixel.
void add_mask(const Tensor& heat, double fraction, MaskSet& masks) {
  const Tensor share = heat / heat.sum();
  const auto [sorted, order] = share.sort(/*stable=*/true, /*dim=*/0, /*descending=*/false);
  const double* values = sorted.const_data_ptr<double>();
  const int64_t* pixels = order.const_data_ptr<int64_t>();
  std::vector<int32_t> kept;
  double running = 0;
  for (int64_t i = 0; i < heat.numel(); ++i) {
    running += values[i];
    if (running >= 1 - fraction) kept.push_back(static_cast<int32_t>(pixels[i]));
  }
  std::ranges::sort(kept);
  masks.planes.insert(masks.planes.end(), kept.begin(), kept.end());
  masks.begin.push_back(std::ssize(masks.planes));
}

}  // namespace

HeatMaps::HeatMaps(Tensor heat, std::vector<double> sigmas, const ImageShape& shape) : sigmas_(std::move(sigmas)) {
  const std::vector<int64_t> one = {shape.height, shape.width, shape.height, shape.width};
  if (heat.sizes() == torch::IntArrayRef(one)) heat = heat.unsqueeze(0);
  std::vector<int64_t> all = one;
  all.insert(all.begin(), std::ssize(sigmas_));
  if (heat.sizes() != torch::IntArrayRef(all)) {
    throw usage_error(
        fmt::format("heat maps: got {}, expected [{}] at each of {} levels: the pixel of the output first",
                    shape_text(heat), join(one, ","), sigmas_.size()));
  }
  heat_ = heat.to(torch::kFloat64).reshape({std::ssize(sigmas_), shape.pixels(), shape.pixels()}).contiguous();
  if (!heat_.isfinite().all().item<bool>() || heat_.lt(0).any().item<bool>()) {
    throw usage_error("heat maps: expected finite values >= 0");
  }
  const Tensor empty = heat_.sum(2).eq(0).nonzero();
  if (empty.size(0) > 0) {
    const int64_t pixel = empty[0][1].item<int64_t>();
    throw usage_error(
        fmt::format("heat maps: pixel ({}, {}) depends on nothing at level {}; a mask needs a positive value",
                    pixel / shape.width, pixel % shape.width, empty[0][0].item<int64_t>()));
  }
}

HeatMaps HeatMaps::read(const std::filesystem::path& file, const ImageShape& shape) {
  if (file.extension() != ".npz") return {read_npy(file), {1}, shape};
  const auto arrays = read_npz(file);
  if (arrays.size() != 2 || !arrays.contains("heat") || !arrays.contains("sigma")) {
    throw bad_file(file.string(), "expected the arrays heat [L,H,W,H,W] and sigma [L]");
  }
  const Tensor levels = arrays.at("sigma").to(torch::kFloat64).flatten().contiguous();
  const double* sigma = levels.const_data_ptr<double>();
  std::vector<double> sigmas(sigma, sigma + levels.numel());
  if (sigmas.empty() || !std::ranges::all_of(sigmas, limits::is_sigma)) {
    throw bad_file(file.string(), "expected noise levels in sigma");
  }
  return {arrays.at("heat"), std::move(sigmas), shape};
}

MaskSet HeatMaps::masks(double sigma, double fraction) const {
  const auto distance = [&](double level) { return std::abs(std::log(sigma) - std::log(level)); };
  const Tensor heat = heat_[std::ranges::min_element(sigmas_, {}, distance) - sigmas_.begin()];
  MaskSet masks;
  masks.planes_in_all = heat.size(0);
  for (int64_t pixel = 0; pixel < heat.size(0); ++pixel) {
    add_mask(heat[pixel], fraction, masks);
    if (masks.begin.back() == masks.begin[static_cast<size_t>(pixel)]) {
      throw usage_error(
          fmt::format("heat maps: a fraction of {} keeps nothing of pixel {}; give a larger one", fraction, pixel));
    }
  }
  return masks;
}

}  // namespace farfield

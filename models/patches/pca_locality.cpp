#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "models/analytic/fit.h"
#include "models/patches/level_cache.h"
#include "models/patches/mask_filter.h"
#include "models/patches/patch_denoiser.h"
#include "models/patches/patch_fits.h"
#include "models/patches/patch_options.h"
#include "models/patches/patches.h"
#include "models/patches/product_filter.h"
#include "models/patches/same_place_means.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr size_t kLocalityLevelsKept = 4;
constexpr double kLeastDiagonal = 1e-6;
constexpr int64_t kPublishedBatch = 256;
constexpr int64_t kDenseFrom = 3;  // products where at least one entry in three is not 0

// W = U diag(l / (l + sigma^2)) U^T [d, d], by our own products: torch's depend on the number of threads.
Tensor wiener_matrix(const GaussianStats& stats, double variance) {
  const int64_t dim = stats.dim(), rank = stats.rank();
  const auto scaled = make_product_filter(stats.basis * (stats.eigenvalues / (stats.eigenvalues + variance)));
  const Tensor across = stats.basis.t();
  Tensor result = torch::empty({dim, dim}, torch::kFloat64);
  at::parallel_for(0, (dim + kSideBySide - 1) / kSideBySide, 1, [&](int64_t begin, int64_t end) {
    Tensor in = torch::zeros({rank, kSideBySide}, torch::kFloat64),
           out = torch::empty({dim, kSideBySide}, in.options());
    Tensor scratch = torch::empty({scaled->scratch_size()}, in.options());
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i * kSideBySide, columns = std::min(kSideBySide, dim - first);
      in.narrow(1, 0, columns).copy_(across.narrow(1, first, columns));
      scaled->apply(in.const_data_ptr<double>(), scratch.data_ptr<double>(), out.data_ptr<double>());
      result.narrow(1, first, columns).copy_(out.narrow(1, 0, columns));
    }
  });
  return result;
}

// Row b: the query weights of value b.
std::unique_ptr<LaneFilter> locality_filter(const GaussianStats& stats, const LocalityOptions& options, double sigma) {
  const Tensor wiener = wiener_matrix(stats, sigma * sigma), diagonal = wiener.diagonal().clone();
  const Tensor varies = diagonal.abs() >= kLeastDiagonal;
  Tensor mask = wiener / torch::where(varies, diagonal, torch::ones_like(diagonal)).unsqueeze(1);
  if (options.orientation == MaskOrientation::kInput) mask = mask.t().contiguous();
  if (options.threshold == 0) return make_product_filter(mask);
  const double largest = mask.abs().max().item<double>();
  const Tensor kept = mask.abs() >= options.threshold * largest;
  const Tensor empty = kept.any(1).logical_not().logical_and(varies).nonzero();
  if (options.empty == EmptyMasks::kRefused && empty.size(0) > 0) {
    throw usage_error(fmt::format(
        "pca-locality: threshold={} leaves the masks of {} values empty at sigma = {:g}; give at most {:g}, or "
        "empty=mean for the mean of the data there",
        options.threshold, empty.size(0), sigma, 1 / largest));
  }
  if (kept.sum().item<int64_t>() * kDenseFrom >= kept.numel()) return make_product_filter(kept.to(torch::kFloat64));
  MaskSet masks;
  masks.planes_in_all = stats.dim();
  const bool* entries = kept.const_data_ptr<bool>();
  for (int64_t b = 0; b < stats.dim(); ++b) {
    for (int64_t a = 0; a < stats.dim(); ++a) {
      if (entries[b * stats.dim() + a]) masks.planes.push_back(static_cast<int32_t>(a));
    }
    masks.begin.push_back(std::ssize(masks.planes));
  }
  return make_mask_filter(std::move(masks));
}

}  // namespace

std::unique_ptr<Denoiser> make_pca_locality(TrainingImages images, const GaussianStats& stats,
                                            const LocalityOptions& options) {
  const int64_t values = images.shape().values();
  check(stats.dim() == values, "the covariance is that of the images");
  std::vector<int32_t> answers(static_cast<size_t>(values));
  for (int64_t b = 0; b < values; ++b) answers[static_cast<size_t>(b)] = static_cast<int32_t>(b);
  const auto means = [=](double sigma) -> std::shared_ptr<const FilteredMeans> {
    return make_own_means(locality_filter(stats, options, sigma), {1, values}, answers);
  };
  return make_patch_denoiser("pca-locality", fmt::format("pca-locality (threshold {})", options.threshold),
                             std::move(images), kept_means(means, kLocalityLevelsKept),
                             options.part_means ? Aggregation::kPartMeans : Aggregation::kExact);
}

std::unique_ptr<Denoiser> pca_locality_of(const ReferenceRequest& request) {
  const ReferenceOptions& given = request.options;
  image_shape(request.data.info(), "pca-locality");
  LocalityOptions options;
  options.threshold = given.number_from("threshold", 0.05, 0, 1);
  const bool allowed = given.flag("signed", false);
  if (given.choice("orientation", "output", {"output", "input"}) == "input")
    options.orientation = MaskOrientation::kInput;
  if (given.choice("empty", "refuse", {"refuse", "mean"}) == "mean") options.empty = EmptyMasks::kMean;
  options.part_means = given.choice("aggregation", "exact", {"exact", "batch-mean"}) == "batch-mean";
  const int64_t batch = given.integer("batch", kPublishedBatch, 1, limits::kMostBatch);
  const int64_t ddof = given.choice("ddof", "1", {"0", "1"}) == "1" ? 1 : 0;
  TrainingOptions training;
  training.per_class = given.choice("per", "", {"", "class"}) == "class";
  if (options.threshold == 0 && !allowed) {
    throw usage_error(
        "pca-locality: threshold=0 leaves negative weights, and soft-maxima without bounds; give more, or signed=yes to "
        "have it so");
  }
  if (given.has("batch") && !options.part_means) {
    throw usage_error("pca-locality: batch=B is of aggregation=batch-mean; leave it out, or give both");
  }
  training.images_of_part = options.part_means ? batch : 0;
  const GaussianStats stats = with_ddof(measure_gaussian(request.data, 0, request.comm), ddof);
  return make_pca_locality({request.data, training}, stats, options);
}

}  // namespace farfield

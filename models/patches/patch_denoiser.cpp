#include "models/patches/patch_denoiser.h"

#include <cmath>
#include <map>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "core/error.h"
#include "models/patches/box_filter.h"
#include "models/patches/same_place_means.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr double kLeastVariance = 1e-300;  // sigma^2 may underflow; 0 / 0 must not happen

class PatchDenoiser final : public Denoiser {
 public:
  PatchDenoiser(std::string kind, std::string name, TrainingImages images, MeansAtLevel means, Aggregation aggregation)
      : images_(std::move(images)), means_(std::move(means)), aggregation_(aggregation) {
    const ImageShape& shape = images_.shape();
    info_.name = std::move(name);
    info_.kind = std::move(kind);
    info_.sample_shape = {shape.channels, shape.height, shape.width};
    info_.label_dim = images_.classes();
    info_.sigma_data = std::sqrt(images_.total_variance() / static_cast<double>(shape.values()));
  }

  const DenoiserInfo& info() const override { return info_; }

 private:
  Tensor denoise(const Tensor& x, const Tensor& sigma, const Tensor& labels) const override {
    const torch::NoGradGuard no_grad;
    const int64_t batch = x.size(0);
    const Tensor rows = x.detach().to(torch::kCPU, torch::kFloat64).reshape({batch, -1}).contiguous();
    const Tensor levels = sigma.to(torch::kCPU).contiguous();
    const bool narrow = x.scalar_type() != torch::kFloat64;
    Tensor denoised = torch::empty_like(rows);
    std::map<double, std::shared_ptr<const FilteredMeans>> means;
    std::vector<std::span<const ImagePart>> parts;
    for (int64_t i = 0; i < batch; ++i) {
      const double level = levels.const_data_ptr<double>()[i];
      if (!means.contains(level)) means[level] = means_(level);
      parts.push_back(parts_of(labels, i));
    }
    const auto one = [&](int64_t i) {
      const double level = levels.const_data_ptr<double>()[i];
      const FilteredQuery query{rows.const_data_ptr<double>() + i * rows.size(1),
                                std::max(kLeastVariance, level * level), narrow, images_,
                                parts[static_cast<size_t>(i)]};
      aggregate(*means.at(level), query, denoised.data_ptr<double>() + i * rows.size(1));
    };
    // Threads share the images of the batch, or, when there are too few of them, the work of each.
    if (batch >= at::get_num_threads()) {
      at::parallel_for(0, batch, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) one(i);
      });
    } else {
      for (int64_t i = 0; i < batch; ++i) one(i);
    }
    return denoised.to(x.scalar_type()).to(x.device()).reshape(x.sizes());
  }

  std::span<const ImagePart> parts_of(const Tensor& labels, int64_t sample) const {
    if (!labels.defined()) return images_.parts();
    const Tensor own = labels[sample].to(torch::kCPU, torch::kFloat64);
    if (!own.any().item<bool>()) return images_.parts();
    const int64_t label = own.argmax().item<int64_t>();
    if (own[label].item<double>() != 1 || own.count_nonzero().item<int64_t>() != 1) {
      throw usage_error(
          fmt::format("{}: sample {} has a label that is neither one-hot nor all zero", info_.name, sample));
    }
    const auto parts = images_.parts(label);
    if (parts.empty()) throw usage_error(fmt::format("{}: the data have no image of class {}", info_.name, label));
    return parts;
  }

  void aggregate(const FilteredMeans& means, const FilteredQuery& query, double* denoised) const {
    if (aggregation_ == Aggregation::kExact) return means.denoise(query, denoised);
    const int64_t values = images_.shape().values();
    std::vector<double> own(static_cast<size_t>(values));
    std::fill_n(denoised, values, 0.0);
    for (size_t p = 0; p < query.parts.size(); ++p) {
      means.denoise({query.x, query.variance, query.narrow, query.images, query.parts.subspan(p, 1)}, own.data());
      for (int64_t v = 0; v < values; ++v) {
        denoised[v] += own[static_cast<size_t>(v)] / static_cast<double>(query.parts.size());
      }
    }
  }

  DenoiserInfo info_;
  TrainingImages images_;
  MeansAtLevel means_;
  Aggregation aggregation_;
};

}  // namespace

std::unique_ptr<Denoiser> make_patch_denoiser(std::string kind, std::string name, TrainingImages images,
                                              MeansAtLevel means, Aggregation aggregation) {
  return std::make_unique<PatchDenoiser>(std::move(kind), std::move(name), std::move(images), std::move(means),
                                         aggregation);
}

std::shared_ptr<const FilteredMeans> whole_image_means(const ImageShape& shape) {
  const auto rows = [&](const auto& axis) { return axis(shape.height, shape.height); };
  const auto columns = [&](const auto& axis) { return axis(shape.width, shape.width); };
  return make_composite_means(make_box_filter(rows(inside_axis), columns(inside_axis)),
                              make_box_filter(rows(covering_axis), columns(covering_axis)),
                              {shape.channels, shape.pixels()});
}

}  // namespace farfield

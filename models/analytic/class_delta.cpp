#include "models/analytic/class_delta.h"

#include <fmt/format.h>

#include "core/error.h"
#include "models/analytic/analytic.h"
#include "models/analytic/data_posterior.h"

namespace farfield {
namespace {

class ClassDelta final : public Denoiser, public DataPosterior {
 public:
  // `sorted` by class, `counts` of them.
  ClassDelta(const torch::Tensor& sorted, const std::vector<int64_t>& counts, const std::vector<int64_t>& shape)
      : all_(make_delta(sorted, shape)), info_(all_->info()) {
    info_.name += " per class";
    info_.label_dim = static_cast<int64_t>(counts.size());
    int64_t first = 0;
    for (const int64_t count : counts) {
      of_class_.push_back(count == 0 ? nullptr : make_delta(sorted.narrow(0, first, count), shape));
      first += count;
    }
  }

  const DenoiserInfo& info() const override { return info_; }

  Posterior posterior(const torch::Tensor& x, double sigma, const torch::Tensor& labels) const override {
    Posterior result{torch::empty_like(x), numbers_for(x), numbers_for(x)};
    for_each_class(labels, x.size(0), [&](const AnalyticDenoiser& delta, const torch::Tensor& rows) {
      const Posterior some = weights_of(delta).posterior(x.index_select(0, rows), sigma);
      result.mean.index_copy_(0, rows, some.mean);
      result.log_density.index_copy_(0, rows, some.log_density);
      result.entropy.index_copy_(0, rows, some.entropy);
    });
    return result;
  }

  torch::Tensor density(const torch::Tensor& x, double sigma, const torch::Tensor& labels) const override {
    torch::Tensor result = numbers_for(x);
    for_each_class(labels, x.size(0), [&](const AnalyticDenoiser& delta, const torch::Tensor& rows) {
      result.index_copy_(0, rows, delta.log_density(x.index_select(0, rows), sigma));
    });
    return result;
  }

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma,
                        const torch::Tensor& labels) const override {
    torch::Tensor result = torch::empty_like(x);
    for_each_class(labels, x.size(0), [&](const AnalyticDenoiser& delta, const torch::Tensor& rows) {
      result.index_copy_(0, rows, delta(x.index_select(0, rows), sigma.index_select(0, rows)));
    });
    return result;
  }

  static torch::Tensor numbers_for(const torch::Tensor& x) {
    return torch::empty({x.size(0)}, torch::dtype(torch::kFloat64).device(x.device()));
  }
  static const DataPosterior& weights_of(const AnalyticDenoiser& delta) {
    return dynamic_cast<const DataPosterior&>(delta);
  }

  // visit(denoiser, rows of the batch that it is for).
  template <class Visit>
  void for_each_class(const torch::Tensor& labels, int64_t count, const Visit& visit) const {
    if (!labels.defined()) return visit(*all_, torch::arange(count, torch::kInt64));
    const auto classes = torch::where(labels.any(1), labels.argmax(1), torch::full({}, -1, labels.device()));
    for (int64_t one = -1; one < info_.label_dim; ++one) {
      const torch::Tensor rows = (classes == one).nonzero().squeeze(1);
      if (rows.numel() == 0) continue;
      const auto& delta = one < 0 ? all_ : of_class_[static_cast<size_t>(one)];
      if (!delta) throw usage_error(fmt::format("delta per class: no sample of the data is of class {}", one));
      visit(*delta, rows);
    }
  }

  std::unique_ptr<AnalyticDenoiser> all_;
  std::vector<std::unique_ptr<AnalyticDenoiser>> of_class_;  // null: a class without a point
  DenoiserInfo info_;
};

}  // namespace

std::unique_ptr<Denoiser> make_class_delta(const torch::Tensor& points, const torch::Tensor& classes, int64_t label_dim,
                                           const std::vector<int64_t>& shape) {
  check(classes.dim() == 1 && classes.size(0) == points.size(0) && label_dim > 0, "make_class_delta: a class a point");
  std::vector<int64_t> counts;
  for (int64_t one = 0; one < label_dim; ++one) counts.push_back((classes == one).sum().item<int64_t>());
  return std::make_unique<ClassDelta>(points.index_select(0, classes.argsort(/*stable=*/true, 0, /*descending=*/false)),
                                      counts, shape);
}

}  // namespace farfield

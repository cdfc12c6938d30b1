#include "models/patches/product_filter.h"

#include <algorithm>
#include <cmath>

#include "models/patches/product_kernels.h"

namespace farfield {
namespace {

constexpr int64_t kProductGroup = 32;  // images side by side: two panels of columns

class ProductFilter final : public LaneFilter {
 public:
  explicit ProductFilter(const torch::Tensor& weights)
      : places_(weights.size(0)), planes_(weights.size(1)), largest_sum_(weights.abs().sum(1).max().item<double>()) {
    const int64_t panels = (places_ + kProductRows - 1) / kProductRows;
    auto padded = torch::zeros({panels * kProductRows, planes_}, torch::kFloat64);
    padded.narrow(0, 0, places_).copy_(weights);
    rows_ = padded.view({panels, kProductRows, planes_}).transpose(1, 2).contiguous();
  }

  int64_t planes() const override { return planes_; }
  int64_t places() const override { return places_; }
  int64_t scratch_size() const override { return kProductRows * kProductGroup; }

  void apply(const double* in, double* scratch, double* out) const override {
    static const double kNoBias[kProductGroup] = {};
    const double* rows = rows_.const_data_ptr<double>();
    for (int64_t p = 0; p < places_; p += kProductRows) {
      const bool whole = p + kProductRows <= places_;
      double* const to = whole ? out + p * kProductGroup : scratch;
      multiply({rows + p * planes_, in, kNoBias, planes_, kProductGroup / kProductColumns<double>,
                kProductColumns<double>, kProductGroup, to, kProductGroup});
      if (!whole) std::copy_n(scratch, (places_ - p) * kProductGroup, out + p * kProductGroup);
    }
  }

  void member(int64_t place, std::vector<int32_t>& planes, std::vector<double>& weights) const override {
    const double* own = rows_.const_data_ptr<double>() + place / kProductRows * kProductRows * planes_ +
                        place % kProductRows;
    planes.clear();
    weights.clear();
    for (int64_t v = 0; v < planes_; ++v) {
      if (own[v * kProductRows] == 0) continue;
      planes.push_back(static_cast<int32_t>(v));
      weights.push_back(own[v * kProductRows]);
    }
  }

  double largest_sum() const override { return largest_sum_; }
  double roundoff() const override { return 1 + std::sqrt(static_cast<double>(planes_)); }

 private:
  int64_t places_, planes_;
  double largest_sum_;
  torch::Tensor rows_;  // [panels, planes, 12]
};

}  // namespace

std::unique_ptr<LaneFilter> make_product_filter(const torch::Tensor& weights) {
  return std::make_unique<ProductFilter>(weights);
}

}  // namespace farfield

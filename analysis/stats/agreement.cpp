#include "analysis/stats/agreement.h"

#include <algorithm>
#include <limits>

#include "core/error.h"

namespace farfield {
namespace {

using torch::Tensor;

Tensor quotient_or_none(const Tensor& above, const Tensor& below) {
  return torch::where(below > 0, above / below, torch::full_like(below, std::numeric_limits<double>::quiet_NaN()));
}

Tensor cosine_of(const Tensor& a, const Tensor& b) {
  return quotient_or_none((a * b).sum(1), a.norm(2, 1) * b.norm(2, 1));
}

}  // namespace

Agreement agreement_of(const Tensor& a, const Tensor& b) {
  check(a.sizes() == b.sizes() && a.dim() >= 1 && a.numel() > 0, "agreement_of: two batches of one shape");
  const Tensor ours = a.to(torch::kFloat64).reshape({a.size(0), -1}),
               theirs = b.to(torch::kFloat64).reshape({a.size(0), -1});
  const auto n = static_cast<double>(ours.size(1));
  const Tensor our_spread = ours - ours.mean(1, /*keepdim=*/true), spread = theirs - theirs.mean(1, /*keepdim=*/true);
  const Tensor squared = (ours - theirs).square().sum(1), total = spread.square().sum(1);
  const Tensor pearson = cosine_of(our_spread, spread), unexplained = quotient_or_none(squared, total);
  return {pearson,         pearson.square(), 1 - unexplained * (n - 1) / n,
          1 - unexplained, squared / n,      cosine_of(ours, theirs)};
}

const std::vector<std::string>& agreement_names() {
  static const std::vector<std::string> names = {"pearson", "pearson2", "r2", "r2_n", "mse", "cosine"};
  return names;
}

int64_t agreement_index(std::string_view name) {
  const auto& names = agreement_names();
  const auto found = std::ranges::find(names, name);
  check(found != names.end(), "agreement_index: no such measure");
  return found - names.begin();
}

Tensor measures_of(const Agreement& agreement) {
  return torch::stack(
             {agreement.pearson, agreement.pearson2, agreement.r2, agreement.r2_n, agreement.mse, agreement.cosine})
      .cpu();
}

}  // namespace farfield

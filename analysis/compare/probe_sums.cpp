#include "analysis/compare/probe_sums.h"

#include <limits>

namespace farfield {
namespace {

torch::Tensor probe_norms(const torch::Tensor& rows) { return rows.flatten(1).square().sum(1); }

}  // namespace

Tensors probe_sums(const torch::Tensor& x, const torch::Tensor& model, const Tensors& references) {
  const torch::Tensor exact_x = x.to(torch::kFloat64), exact_model = model.to(torch::kFloat64);
  Tensors difference, score, norm;
  for (const torch::Tensor& reference : references) {
    if (!reference.defined()) {
      const auto none = torch::full({x.size(0)}, std::numeric_limits<double>::quiet_NaN(), exact_x.options());
      for (Tensors* sums : {&difference, &score, &norm}) sums->push_back(none);
      continue;
    }
    const torch::Tensor denoised = reference.to(torch::kFloat64);
    difference.push_back(probe_norms(exact_model - denoised));
    score.push_back(probe_norms(denoised - exact_x));
    norm.push_back(probe_norms(denoised));
  }
  const auto stacked = [&](const Tensors& rows) {
    return rows.empty() ? torch::empty({0, x.size(0)}, exact_x.options()) : torch::stack(rows);
  };
  return {probe_norms(exact_model - exact_x), probe_norms(exact_model), stacked(difference), stacked(score),
          stacked(norm)};
}

}  // namespace farfield

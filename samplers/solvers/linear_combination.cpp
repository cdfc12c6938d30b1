#include "samplers/solvers/linear_combination.h"

#include <algorithm>

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "core/error.h"
#include "samplers/solvers/combination_kernels.h"

namespace farfield {
namespace {

constexpr int64_t kGrain = 32768;

// Whether the tensors can be walked as plain arrays: on the CPU, contiguous, of one shape and dtype, float or double, and
// no gradient is wanted.
bool are_plain_arrays(std::initializer_list<std::span<const torch::Tensor>> groups) {
  const torch::Tensor& first = groups.begin()->front();
  if (first.scalar_type() != torch::kFloat64 && first.scalar_type() != torch::kFloat32) return false;
  for (const auto& group : groups) {
    for (const auto& tensor : group) {
      if (!tensor.device().is_cpu() || !tensor.is_contiguous() || tensor.sizes() != first.sizes() ||
          tensor.scalar_type() != first.scalar_type() || (at::GradMode::is_enabled() && tensor.requires_grad())) {
        return false;
      }
    }
  }
  return true;
}

template <class Scalar>
void combine_arrays(std::span<const Term> terms, torch::Tensor& result) {
  Combination<Scalar> work{.count = static_cast<int64_t>(terms.size()), .out = result.mutable_data_ptr<Scalar>()};
  for (size_t j = 0; j < terms.size(); ++j) {
    work.inputs[j] = terms[j].tensor.const_data_ptr<Scalar>();
    work.factors[j] = static_cast<Scalar>(terms[j].factor);
  }
  at::parallel_for(0, result.numel(), kGrain, [&](int64_t begin, int64_t end) { combine(work, begin, end); });
}

template <class Scalar>
void advance_arrays(const torch::Tensor& x, const torch::Tensor& denoised, double sigma,
                    std::span<const double> weights, std::span<const torch::Tensor> past, SlopeStep& result) {
  SlopeAdvance<Scalar> work{.count = static_cast<int64_t>(weights.size()),
                            .x = x.const_data_ptr<Scalar>(),
                            .denoised = denoised.const_data_ptr<Scalar>(),
                            .per_sigma = static_cast<Scalar>(1 / sigma),
                            .out = result.x.mutable_data_ptr<Scalar>(),
                            .slope = result.slope.mutable_data_ptr<Scalar>()};
  for (size_t j = 0; j < weights.size(); ++j) work.weights[j] = static_cast<Scalar>(weights[j]);
  for (size_t j = 0; j < past.size(); ++j) work.past[j] = past[j].const_data_ptr<Scalar>();
  at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) { advance(work, begin, end); });
}

}  // namespace

torch::Tensor linear_combination(std::span<const Term> terms) {
  std::vector<Term> used;
  std::vector<torch::Tensor> tensors;
  for (const auto& term : terms) {
    if (term.factor == 0) continue;
    used.push_back(term);
    tensors.push_back(term.tensor);
  }
  check(!terms.empty() && terms.size() <= kMaxTerms, "linear_combination: takes one to eight terms");
  if (used.empty()) return torch::zeros_like(terms.front().tensor);
  if (are_plain_arrays({tensors})) {
    auto result = torch::empty_like(tensors.front());
    AT_DISPATCH_FLOATING_TYPES(result.scalar_type(), "linear_combination",
                               [&] { combine_arrays<scalar_t>(used, result); });
    return result;
  }
  auto result = used.front().tensor * used.front().factor;
  for (size_t j = 1; j < used.size(); ++j) result = torch::add(result, used[j].tensor, used[j].factor);
  return result;
}

torch::Tensor linear_combination(std::initializer_list<Term> terms) {
  return linear_combination(std::span<const Term>(terms.begin(), terms.size()));
}

torch::Tensor euler_step(const torch::Tensor& x, const torch::Tensor& denoised, Interval interval) {
  const auto [from, to] = interval;
  return linear_combination({{to / from, x}, {(from - to) / from, denoised}});
}

torch::Tensor add_slopes(const torch::Tensor& x, std::span<const Slope> slopes) {
  std::vector<Term> terms = {{1, x}};
  const auto add = [&](double factor, const torch::Tensor& tensor) {
    for (auto& term : terms) {
      if (!term.tensor.is_same(tensor)) continue;
      term.factor += factor;
      return;
    }
    terms.push_back({factor, tensor});
  };
  for (const auto& slope : slopes) {
    add(slope.weight / slope.sigma, slope.x);
    add(-slope.weight / slope.sigma, slope.denoised);
  }
  return linear_combination(terms);
}

SlopeStep slope_step(const torch::Tensor& x, const torch::Tensor& denoised, double sigma,
                     std::span<const double> weights, std::span<const torch::Tensor> past) {
  check(weights.size() == past.size() + 1 && weights.size() <= 4,
        "slope_step: takes one to four weights, one for the slope and one for each past slope");
  const std::vector<torch::Tensor> now = {x, denoised};
  if (are_plain_arrays({now, past})) {
    SlopeStep result{torch::empty_like(x), torch::empty_like(x)};
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "slope_step",
                               [&] { advance_arrays<scalar_t>(x, denoised, sigma, weights, past, result); });
    return result;
  }
  const auto d = torch::sub(x, denoised).div_(sigma);
  auto result = torch::add(x, d, weights[0]);
  for (size_t j = 0; j < past.size(); ++j) result.add_(past[j], weights[j + 1]);
  return {result, d};
}

}  // namespace farfield

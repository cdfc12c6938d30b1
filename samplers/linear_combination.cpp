#include "samplers/linear_combination.h"

#include <algorithm>
#include <array>

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "core/error.h"

namespace farfield {
namespace {

constexpr int64_t kMaxTerms = 8;
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

// sum_j factors[j] inputs[j][i] for every i, `Count` inputs. Outputs are fresh tensors: nothing overlaps them.
template <int64_t Count, class Scalar>
void combine(const std::array<const Scalar*, kMaxTerms>& inputs, const std::array<Scalar, kMaxTerms>& factors,
             Scalar* __restrict out, int64_t size) {
  at::parallel_for(0, size, kGrain, [&](int64_t begin, int64_t end) {
    const auto in = inputs;
    const auto factor = factors;
    Scalar* __restrict to = out;
    for (int64_t i = begin; i < end; ++i) {
      Scalar sum = factor[0] * in[0][i];
      for (int64_t j = 1; j < Count; ++j) sum += factor[j] * in[j][i];
      to[i] = sum;
    }
  });
}

template <class Scalar>
void combine_any(std::span<const Term> terms, torch::Tensor& result) {
  std::array<const Scalar*, kMaxTerms> inputs{};
  std::array<Scalar, kMaxTerms> factors{};
  for (size_t j = 0; j < terms.size(); ++j) {
    inputs[j] = terms[j].tensor.const_data_ptr<Scalar>();
    factors[j] = static_cast<Scalar>(terms[j].factor);
  }
  using Loop = void (*)(const std::array<const Scalar*, kMaxTerms>&, const std::array<Scalar, kMaxTerms>&, Scalar*,
                        int64_t);
  static constexpr Loop kLoops[kMaxTerms] = {combine<1, Scalar>, combine<2, Scalar>, combine<3, Scalar>,
                                             combine<4, Scalar>, combine<5, Scalar>, combine<6, Scalar>,
                                             combine<7, Scalar>, combine<8, Scalar>};
  kLoops[terms.size() - 1](inputs, factors, result.mutable_data_ptr<Scalar>(), result.numel());
}

template <int64_t Count, class Scalar>
void advance(const Scalar* x, const Scalar* denoised, Scalar sigma, const std::array<const Scalar*, kMaxTerms>& past,
             const std::array<Scalar, kMaxTerms>& weights, Scalar* out, Scalar* slope, int64_t size) {
  at::parallel_for(0, size, kGrain, [&](int64_t begin, int64_t end) {
    const Scalar *from = x, *d_from = denoised, per_sigma = 1 / sigma;
    const auto old = past;
    const auto weight = weights;
    Scalar* __restrict to = out;
    Scalar* __restrict d_to = slope;
    for (int64_t i = begin; i < end; ++i) {
      const Scalar d = (from[i] - d_from[i]) * per_sigma;
      Scalar sum = from[i] + weight[0] * d;
      for (int64_t j = 1; j < Count; ++j) sum += weight[j] * old[j - 1][i];
      d_to[i] = d;
      to[i] = sum;
    }
  });
}

template <class Scalar>
void advance_any(const torch::Tensor& x, const torch::Tensor& denoised, double sigma, std::span<const double> weights,
                 std::span<const torch::Tensor> past, SlopeStep& result) {
  std::array<const Scalar*, kMaxTerms> inputs{};
  std::array<Scalar, kMaxTerms> factors{};
  for (size_t j = 0; j < past.size(); ++j) inputs[j] = past[j].const_data_ptr<Scalar>();
  for (size_t j = 0; j < weights.size(); ++j) factors[j] = static_cast<Scalar>(weights[j]);
  const auto run = [&](auto loop) {
    loop(x.const_data_ptr<Scalar>(), denoised.const_data_ptr<Scalar>(), static_cast<Scalar>(sigma), inputs, factors,
         result.x.mutable_data_ptr<Scalar>(), result.slope.mutable_data_ptr<Scalar>(), x.numel());
  };
  switch (weights.size()) {
    case 1: return run(advance<1, Scalar>);
    case 2: return run(advance<2, Scalar>);
    case 3: return run(advance<3, Scalar>);
    case 4: return run(advance<4, Scalar>);
    default: check(false, "slope_step: takes one to four weights");
  }
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
    AT_DISPATCH_FLOATING_TYPES(result.scalar_type(), "linear_combination", [&] { combine_any<scalar_t>(used, result); });
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
  check(weights.size() == past.size() + 1, "slope_step: one weight for the slope and one for each past slope");
  const std::vector<torch::Tensor> now = {x, denoised};
  if (are_plain_arrays({now, past})) {
    SlopeStep result{torch::empty_like(x), torch::empty_like(x)};
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "slope_step",
                               [&] { advance_any<scalar_t>(x, denoised, sigma, weights, past, result); });
    return result;
  }
  const auto d = torch::sub(x, denoised).div_(sigma);
  auto result = torch::add(x, d, weights[0]);
  for (size_t j = 0; j < past.size(); ++j) result.add_(past[j], weights[j + 1]);
  return {result, d};
}

}  // namespace farfield

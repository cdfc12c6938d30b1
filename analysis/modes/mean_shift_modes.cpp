#include "analysis/modes/mean_shift_modes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <ATen/core/grad_mode.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/shards.h"

namespace farfield {
namespace {

constexpr double kSettled = 1e-10, kSameMode = 1e-6;  // of h

struct Ends {
  torch::Tensor x;           // [n, d]
  torch::Tensor settled;     // [n] uint8
  torch::Tensor iterations;  // [n] int64
  torch::Tensor rate;        // [n] float64
};

// Those that have settled are left out of the next iteration.
Ends shift_until_settled(const AnalyticDenoiser& exact, const torch::Tensor& starts, double h, int64_t max_iterations) {
  const int64_t count = starts.size(0);
  Ends ends{starts.clone(), torch::zeros({count}, torch::kUInt8), torch::zeros({count}, torch::kInt64),
            torch::full({count}, std::numeric_limits<double>::quiet_NaN(), torch::kFloat64)};
  torch::Tensor moving = torch::arange(count, torch::kInt64), x = starts;
  torch::Tensor last = torch::full({count}, std::numeric_limits<double>::quiet_NaN(), torch::kFloat64);
  for (int64_t i = 1; i <= max_iterations && moving.numel() > 0; ++i) {
    stop_if_interrupted();
    const torch::Tensor shifted = exact(x, h), step = (shifted - x).norm(2, {1}), still = step >= kSettled * h;
    ends.x.index_copy_(0, moving, shifted);
    ends.iterations.index_fill_(0, moving, i);
    ends.rate.index_copy_(0, moving, step / last);
    ends.settled.index_copy_(0, moving, still.logical_not().to(torch::kUInt8));
    const torch::Tensor on = still.nonzero().squeeze(1);
    moving = moving.index_select(0, on);
    x = shifted.index_select(0, on);
    last = step.index_select(0, on);
  }
  ends.rate.masked_fill_(ends.rate.isfinite().logical_not(), std::numeric_limits<double>::quiet_NaN());
  return ends;
}

// Ends that are one mode, by comparing with the first end of each mode, in the order of the ends. Two points are no nearer
// than their projections onto a direction: only modes nearby along it are looked at.
class ModeIndex {
 public:
  ModeIndex(int64_t dim, double radius)
      : direction_(torch::full({dim}, 1 / std::sqrt(static_cast<double>(dim)), torch::kFloat64)), radius_(radius) {}

  int64_t find_or_add(const torch::Tensor& x) {
    const double place = x.dot(direction_).item<double>();
    const double reach = radius_ + kRounding * x.norm().item<double>();
    int64_t found = -1;
    for (auto near = places_.lower_bound(place - reach); near != places_.end() && near->first <= place + reach;
         ++near) {
      const bool same = (modes_[static_cast<size_t>(near->second)] - x).norm().item<double>() < radius_;
      if (same && (found < 0 || near->second < found)) found = near->second;
    }
    if (found >= 0) return found;
    found = static_cast<int64_t>(modes_.size());
    modes_.push_back(x);
    places_.emplace(place, found);
    return found;
  }
  const std::vector<torch::Tensor>& modes() const { return modes_; }

 private:
  static constexpr double kRounding = 1e-12;

  torch::Tensor direction_;
  double radius_;
  std::vector<torch::Tensor> modes_;
  std::multimap<double, int64_t> places_;
};

}  // namespace

ModeSet find_modes(const AnalyticDenoiser& exact, const torch::Tensor& starts, double h,
                   const MeanShiftOptions& options, const std::function<void(int64_t starts)>& on_settled, Comm& comm) {
  const torch::NoGradGuard no_gradients;
  check(starts.dim() == 2 && starts.size(0) > 0 && starts.scalar_type() == torch::kFloat64 && h > 0,
        "find_modes: starts are [n, d] float64, h above 0");
  ModeIndex index(starts.size(1), kSameMode * h);
  std::vector<torch::Tensor> iterations, rates;
  std::vector<int64_t> basins;
  const auto parts = starts.split(options.batch);
  for_each_shard(comm, static_cast<int64_t>(parts.size()), [&](int64_t part) {
    const Ends ends = shift_until_settled(exact, parts[static_cast<size_t>(part)], h, options.max_iterations);
    return Tensors{ends.x, ends.settled, ends.iterations, ends.rate};
  }, [&](int64_t, const Tensors& ends) {
    const int64_t count = ends[0].size(0);
    for (int64_t i = 0; i < count; ++i)
      basins.push_back(ends[1][i].item<bool>() ? index.find_or_add(ends[0][i].clone()) : -1);
    iterations.push_back(ends[2]);
    rates.push_back(ends[3]);
    if (on_settled) on_settled(count);
  });
  ModeSet set;
  set.unsettled = std::count(basins.begin(), basins.end(), -1);
  set.modes = index.modes().empty() ? starts.narrow(0, 0, 0) : torch::stack(index.modes());
  set.basin = torch::tensor(basins, torch::kInt64);
  set.iterations = torch::cat(iterations);
  set.rate = torch::cat(rates);
  set.log_density = set.modes.size(0) == 0 ? torch::empty({0}, torch::kFloat64) : exact.log_density(set.modes, h);
  return set;
}

}  // namespace farfield

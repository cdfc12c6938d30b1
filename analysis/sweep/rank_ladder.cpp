#include "analysis/sweep/rank_ladder.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/math/softmax_sum.h"

namespace farfield {
namespace {

// [R, Q + 1]: direction j joins at the first rank above j.
torch::Tensor joining_steps(int64_t directions, const std::vector<int64_t>& ranks) {
  torch::Tensor steps = torch::zeros({directions, static_cast<int64_t>(ranks.size()) + 1}, torch::kFloat64);
  for (int64_t j = 0; j < directions; ++j) {
    steps[j][std::ranges::upper_bound(ranks, j) - ranks.begin()].fill_(1);
  }
  return steps;
}

// Sums over the columns behind each one; the last column of `values` stands behind all others. [B, Q + 1] -> [B, Q]
torch::Tensor sums_behind(const torch::Tensor& values) {
  return values.narrow(1, 1, values.size(1) - 1).flip(1).cumsum(1).flip(1);
}

}  // namespace

RankLadder::RankLadder(const MixtureStats& stats, std::vector<int64_t> ranks)
    : ranks_(std::move(ranks)), dim_(stats.dim()) {
  check(!ranks_.empty() && ranks_.front() >= 1 && std::ranges::is_sorted(ranks_, std::less_equal<>()),
        "RankLadder: ranks that rise from 1");
  check(stats.tails.eq(0).all().item<bool>(), "RankLadder: no variance outside the bases");
  for (int64_t k = 0; k < stats.components(); ++k) {
    // Where a component has fewer directions than others its last rows are zero.
    const int64_t own = stats.bases[k].square().sum(1).gt(0.5).sum().item<int64_t>();
    Component component;
    component.mean = stats.means[k];
    component.vectors = stats.bases[k].narrow(0, 0, own);
    component.values = stats.eigenvalues[k].narrow(0, 0, own);
    component.steps = joining_steps(own, ranks_);
    component.log_weight = std::log(stats.weights[k].item<double>());
    components_.push_back(std::move(component));
  }
}

int64_t RankLadder::largest_rank() const {
  int64_t largest = 1;
  for (const Component& component : components_) largest = std::max(largest, component.rank());
  return largest;
}

int64_t RankLadder::components_below(int64_t rank) const {
  return std::ranges::count_if(components_, [&](const Component& component) { return component.rank() < rank; });
}

RankLadder::Joint RankLadder::joint(const Component& component, const torch::Tensor& rows, double noise) const {
  const auto count = static_cast<int64_t>(ranks_.size());
  const torch::Tensor centred = rows - component.mean;
  const torch::Tensor z = torch::mm(centred, component.vectors.t());
  // What no direction reaches, as a vector first: a difference of squares would lose all digits at small sigma.
  const torch::Tensor rest = component.rank() == dim_ ? torch::zeros({rows.size(0)}, rows.options())
                                                      : (centred - torch::mm(z, component.vectors)).square().sum(1);
  const torch::Tensor variances = component.values + noise, squares = z.square();
  const torch::Tensor inside = torch::mm(squares / variances, component.steps).narrow(1, 0, count).cumsum(1);
  const torch::Tensor outside = sums_behind(torch::mm(squares, component.steps)) + rest.unsqueeze(1);
  const torch::Tensor log_inside = torch::mv(component.steps.t(), variances.log()).narrow(0, 0, count).cumsum(0);
  torch::Tensor left_out = torch::empty({count}, torch::kFloat64);  // directions
  for (int64_t q = 0; q < count; ++q)
    left_out[q].fill_(static_cast<double>(dim_ - std::min(ranks_[q], component.rank())));
  const torch::Tensor cost = inside + outside / noise + log_inside + left_out * std::log(noise);
  const double constant = static_cast<double>(dim_) * std::log(2 * std::numbers::pi);
  return {(component.log_weight - 0.5 * (cost + constant)).t(), z};
}

void RankLadder::add(const Component& component, const torch::Tensor& z, const torch::Tensor& share, double noise,
                     torch::Tensor& denoised) const {
  const torch::Tensor index = share.gt(0).any(0).nonzero().squeeze(1);  // probes that this component matters to
  if (index.numel() == 0) return;
  const bool all = index.numel() == share.size(1);
  const torch::Tensor kept = z * (component.values / (component.values + noise));
  const torch::Tensor gained = all ? kept : kept.index_select(0, index);
  const torch::Tensor weights = (all ? share : share.index_select(1, index)).unsqueeze(2);
  torch::Tensor own = component.mean.expand({index.numel(), dim_}).clone();  // its D at the rank reached
  int64_t from = 0;
  for (size_t q = 0; q < ranks_.size(); ++q) {
    const int64_t to = std::min(ranks_[q], component.rank()), place = static_cast<int64_t>(q);
    if (to > from) own.addmm_(gained.narrow(1, from, to - from), component.vectors.narrow(0, from, to - from));
    from = to;
    if (all) {
      denoised[place].addcmul_(weights[place], own);
    } else {
      denoised[place].index_add_(0, index, weights[place] * own);
    }
  }
}

torch::Tensor RankLadder::denoise(const torch::Tensor& rows, double sigma) const {
  const double noise = sigma * sigma;
  const auto count = static_cast<int64_t>(ranks_.size());
  std::vector<torch::Tensor> log_joints, coefficients;
  for (const Component& component : components_) {
    Joint one = joint(component, rows, noise);
    log_joints.push_back(std::move(one.log_joint));
    coefficients.push_back(std::move(one.z));
  }
  torch::Tensor share = torch::softmax(torch::stack(log_joints), 0);  // [K, Q, B]
  share.masked_fill_(share < kNegligibleWeight, 0);
  torch::Tensor denoised = torch::zeros({count, rows.size(0), dim_}, torch::kFloat64);
  for (size_t k = 0; k < components_.size(); ++k)
    add(components_[k], coefficients[k], share[static_cast<int64_t>(k)], noise, denoised);
  return denoised;
}

}  // namespace farfield

#include "analysis/compare/costs.h"

#include <algorithm>
#include <cmath>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "analysis/page/format.h"
#include "analysis/paths/path_views.h"
#include "core/interrupts.h"
#include "core/shards.h"
#include "core/stopwatch.h"

namespace farfield {
namespace {

constexpr int64_t kPlanPart = 999'999'999;  // its number among the parts kept

struct Sizes {
  int64_t kinds, levels, probes, seeds;  // of the whole comparison
  int64_t calls, steps;                  // of a path
};

Share whole_share(const Sizes& sizes) {
  Share share{{}, sizes.probes, sizes.seeds};
  for (int64_t level = 0; level < sizes.levels; ++level) share.levels.push_back(level);
  return share;
}

// A part, `scale` times the usual one.
Share part_share(const Sizes& sizes, double scale) {
  const auto scaled = [&](int64_t usual, int64_t all) {
    const double wanted = std::round(static_cast<double>(usual) * scale);
    return static_cast<int64_t>(std::clamp(wanted, std::min(2., static_cast<double>(all)), static_cast<double>(all)));
  };
  Share share{{}, scaled(kCostlyProbes, sizes.probes), scaled(kCostlySeeds, sizes.seeds)};
  const bool every = static_cast<double>(kCostlyProbes) * scale > static_cast<double>(sizes.probes);
  share.levels = spread_places(sizes.levels, every ? sizes.levels : kCostlyLevels);
  return share;
}

int64_t evaluations(const Share& share, const Sizes& sizes) {
  return sizes.kinds * share.probes * std::ssize(share.levels) + share.seeds * (sizes.calls + sizes.steps);
}

// Of one sample, in seconds: of costly references alone and at every level of the share, of others in a batch at one level.
double timed(const Subject& reference, const Share& share, std::shared_ptr<const DataSource> data,
             const CompareOptions& options) {
  const int64_t batch = reference.share ? 1 : std::min(options.batch, options.probes);
  const Probes probes(data, reference.denoiser->info().sample_shape, options.probes, options.seed);
  const Probes::Batch points = probes.batch(data ? ProbeKind::kData : ProbeKind::kNoise, 0, batch);
  const auto at = [&](int64_t level) {
    const double sigma = options.sigmas[static_cast<size_t>(level)];
    reference((points.clean + sigma * points.noise).to(options.device), sigma, torch::zeros({batch}, torch::kInt64));
  };
  std::vector<int64_t> levels = share.levels;
  if (!reference.share) levels = {levels[levels.size() / 2]};
  at(levels.front());  // what is made once
  const Stopwatch clock;
  for (const int64_t level : levels) {
    stop_if_interrupted();
    at(level);
  }
  return clock.seconds() / static_cast<double>(batch * std::ssize(levels));
}

torch::Tensor numbers_of(const Share& share, double seconds) {
  std::vector<double> numbers = {seconds, static_cast<double>(share.probes), static_cast<double>(share.seeds)};
  numbers.insert(numbers.end(), share.levels.begin(), share.levels.end());
  return torch::tensor(numbers, torch::kFloat64);
}

double take_numbers(const torch::Tensor& numbers, Share& share) {
  const double* value = numbers.const_data_ptr<double>();
  share.probes = static_cast<int64_t>(value[1]);
  share.seeds = static_cast<int64_t>(value[2]);
  share.levels.assign(value + 3, value + numbers.size(0));
  return value[0];
}

// What the root decides: [seconds, probes, seeds, levels...] of every reference.
Tensors decide(const std::vector<Subject>& references, std::shared_ptr<const DataSource> data,
               const PlanRequest& request, const Sizes& sizes) {
  std::vector<double> seconds;  // of one sample
  double scaled = 0;            // of what the budget is for
  const auto share_of = [&](const Subject& reference, double scale) {
    const bool part = reference.share && reference.share->probes == 0;
    return part ? part_share(sizes, scale) : whole_share(sizes);
  };
  for (const Subject& reference : references) {
    const Share usual = share_of(reference, 1);
    seconds.push_back(timed(reference, usual, data, request.probes));
    if (reference.share && reference.share->probes == 0)
      scaled += seconds.back() * static_cast<double>(evaluations(usual, sizes));
  }
  const double scale = request.budget && scaled > 0 ? *request.budget / scaled : 1;
  Tensors plan;
  for (size_t r = 0; r < references.size(); ++r) {
    const Share share = share_of(references[r], scale);
    plan.push_back(numbers_of(share, seconds[r] * static_cast<double>(evaluations(share, sizes))));
  }
  return plan;
}

}  // namespace

std::vector<ReferenceCost> plan_shares(std::vector<Subject>& references, std::shared_ptr<const DataSource> data,
                                       const PlanRequest& request, const PartStore& parts, Comm& comm) {
  if (std::ranges::none_of(references, [](const Subject& one) { return one.share.has_value(); })) return {};
  const torch::NoGradGuard no_gradients;
  const Sizes sizes{data ? 2 : 1,          std::ssize(request.probes.sigmas),
                    request.probes.probes, request.seeds,
                    request.calls,         request.steps};
  const Tensors plan = on_root(comm, [&] {
    if (const auto kept = parts.find(kPlanPart)) return in_order(*kept);
    Tensors made = decide(references, data, request, sizes);
    parts.keep(kPlanPart, by_number(made));
    return made;
  });
  std::vector<ReferenceCost> costs;
  for (size_t r = 0; r < references.size(); ++r) {
    Share share;
    const double seconds = take_numbers(plan[r], share);
    costs.push_back(
        {references[r].name, seconds,
         fmt::format("{} probes at {} noise levels, {} seeds", share.probes, share.levels.size(), share.seeds)});
    if (!references[r].note.empty()) costs.back().words = references[r].note + "; " + costs.back().words;
    if (references[r].share) references[r].share = share;
  }
  return costs;
}

std::vector<std::string> cost_lines(const std::vector<ReferenceCost>& costs) {
  std::vector<std::string> lines;
  double sum = 0;
  for (const ReferenceCost& cost : costs) {
    sum += cost.seconds;
    lines.push_back(
        fmt::format("  {:<24} about {:>12}   {}", cost.reference, format_seconds(cost.seconds), cost.words));
  }
  if (sum < 1) return {};
  lines.insert(lines.begin(), fmt::format("references, about {} in all:", format_seconds(sum)));
  return lines;
}

}  // namespace farfield

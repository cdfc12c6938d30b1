#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/compare/comparison.h"
#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "core/data/source.h"

namespace farfield {

// What a costly reference of `all` is measured with unless more time is given; its data are in references.h.
inline constexpr int64_t kCostlyProbes = 32, kCostlyLevels = 8, kCostlySeeds = 4;

// What a comparison asks of every reference.
struct PlanRequest {
  CompareOptions probes;
  int64_t seeds = 0;             // trajectories
  int64_t calls = 0, steps = 0;  // denoiser calls of the solver along a trajectory, and its steps
  std::optional<double> budget;  // seconds for the costly references of `all`
};

// How long a comparison with every reference takes.
struct ReferenceCost {
  std::string reference;
  double seconds = 0;  // an estimate, from evaluations that were timed
  std::string words;   // how much of it is measured: "32 probes at 8 levels, 4 seeds"
};

// The shares of references that are costly: everything of one that was named, of one that stands for `all` (Share with
// probes 0) a part, which `budget` seconds for all of these scale; then the costs of all references, timed by an evaluation
// or a few of each. On every rank those of the root; and
// `parts` keep them, so that a run that goes on measures the same.
std::vector<ReferenceCost> plan_shares(std::vector<Subject>& references, std::shared_ptr<const DataSource> data,
                                       const PlanRequest& request, const PartStore& parts, Comm& comm = alone());

// The sum and one line a reference, for stderr; none where all take less than a second.
std::vector<std::string> cost_lines(const std::vector<ReferenceCost>& costs);

}  // namespace farfield

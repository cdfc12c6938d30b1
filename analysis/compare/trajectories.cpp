#include "analysis/compare/trajectories.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <span>

#include <ATen/core/grad_mode.h>

#include "analysis/stats/bootstrap.h"
#include "analysis/stats/ratio_cell.h"
#include "core/checked_product.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/progress.h"
#include "core/shards.h"
#include "models/counting.h"
#include "samplers/gaussian_flow.h"
#include "samplers/integrate.h"
#include "samplers/seed_batch.h"
#include "samplers/start.h"

namespace farfield {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// One run of some seeds: L states and L - 1 denoiser values, each [B, ...shape] float64.
struct Path {
  std::vector<torch::Tensor> states, denoised;
};

Path integrate_path(const DenoiseFn& denoise, const Solver& solver, const torch::Tensor& latents,
                    const std::vector<double>& levels) {
  Path path;
  IntegrateOptions options;
  options.observer = [&](const StepView& step) {
    if (step.index == 0) path.states.push_back(step.x_before.clone());
    path.states.push_back(step.x_after.clone());
    path.denoised.push_back(step.denoised.clone());
  };
  integrate(solver, denoise, start_from_noise(latents, levels).x, levels, options);
  return path;
}

Path gaussian_path(const GaussianStats& gaussian, const torch::Tensor& latents, const std::vector<double>& levels) {
  Path path;
  const torch::Tensor start = start_from_noise(latents, levels).x;
  for (size_t i = 0; i < levels.size(); ++i) {
    path.states.push_back(i == 0 ? start : gaussian_flow(gaussian, start, levels[0], levels[i]));
    if (i + 1 < levels.size()) {
      path.denoised.push_back(gaussian_flow_denoised(gaussian, start, levels[0], levels[i]));
    }
  }
  return path;
}

// [steps, B] squared norms of a - b, or of a alone.
torch::Tensor squared(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>* b = nullptr) {
  std::vector<torch::Tensor> rows;
  for (size_t i = 0; i < a.size(); ++i) {
    const torch::Tensor value = b ? a[i] - (*b)[i] : a[i];
    rows.push_back(value.flatten(1).square().sum(1));
  }
  return torch::stack(rows);
}

// The tensors of Trajectories that a batch of seeds fills, in the order in which they travel, and where n stands.
struct Filled {
  torch::Tensor Trajectories::* tensor;
  int64_t seeds;  // dimension
};
constexpr Filled kFilled[] = {{&Trajectories::state, -1},
                              {&Trajectories::denoised, -1},
                              {&Trajectories::state_difference, -1},
                              {&Trajectories::denoised_difference, -1},
                              {&Trajectories::samples, 1}};

// The kFilled of a batch, with R = 0 where there are no other paths.
Tensors fill(const Path& model, const std::vector<Path>& others) {
  Tensors state, denoised, samples = {model.states.back()};
  for (const Path& other : others) {
    state.push_back(squared(model.states, &other.states));
    denoised.push_back(squared(model.denoised, &other.denoised));
    samples.push_back(other.states.back());
  }
  const auto own_state = squared(model.states), own_denoised = squared(model.denoised);
  const auto stacked = [](const Tensors& rows, const torch::Tensor& like) {
    return rows.empty() ? like.unsqueeze(0).narrow(0, 0, 0) : torch::stack(rows);
  };
  Tensors filled = {own_state, own_denoised, stacked(state, own_state), stacked(denoised, own_denoised),
                    torch::stack(samples).to(torch::kFloat32)};
  for (auto& tensor : filled) tensor = tensor.cpu();
  return filled;
}

Trajectories empty_result(const Subject& model, const std::vector<Subject>& references, bool gaussian,
                          const TrajectoryOptions& options) {
  Trajectories result;
  result.levels = options.levels;
  for (const Subject& reference : references) {
    result.paths.push_back(reference.name);
    result.kinds.push_back(reference.kind);
  }
  if (gaussian) {
    result.paths.emplace_back("gaussian (closed form)");
    result.kinds.emplace_back("gaussian");
  }
  const auto paths = static_cast<int64_t>(result.paths.size()), count = static_cast<int64_t>(options.seeds.size());
  const auto levels = static_cast<int64_t>(options.levels.size());
  result.state = torch::zeros({levels, count}, torch::kFloat64);
  result.state_difference = torch::zeros({paths, levels, count}, torch::kFloat64);
  result.denoised = torch::zeros({levels - 1, count}, torch::kFloat64);
  result.denoised_difference = torch::zeros({paths, levels - 1, count}, torch::kFloat64);
  std::vector<int64_t> shape = model.denoiser->info().sample_shape;
  checked_product("compare: bytes of the trajectories' ends",
                  {1 + paths, count, c10::multiply_integers(shape), sizeof(float)}, limits::kMostBytes);
  shape.insert(shape.begin(), {1 + paths, count});
  result.samples = torch::zeros(shape);
  return result;
}

// Ratio of totals and its interval; [n] each.
void ratio(const torch::Tensor& residual, const torch::Tensor& power, int64_t replicates, uint64_t seed, double& value,
           double& low, double& high) {
  const torch::Tensor totals = resampled_totals(torch::stack({residual, power}, 1), replicates, seed);
  const Interval95 interval = percentile_interval(totals.select(1, 0) / totals.select(1, 1));
  value = residual.sum().item<double>() / power.sum().item<double>();
  low = interval.low;
  high = interval.high;
}

}  // namespace

Trajectories compare_trajectories(const Subject& model, const std::vector<Subject>& references,
                                  const std::optional<GaussianStats>& gaussian, const Solver& solver,
                                  const TrajectoryOptions& options, Comm& comm) {
  check(!options.seeds.empty() && options.levels.size() >= 2 && options.batch >= 1, "compare_trajectories: no seeds");
  const torch::NoGradGuard no_gradients;
  Trajectories result = empty_result(model, references, gaussian.has_value(), options);
  const auto count = static_cast<int64_t>(options.seeds.size());
  Progress progress("trajectories", count * (1 + static_cast<int64_t>(references.size())), "paths");
  for_each_shard(comm, (count + options.batch - 1) / options.batch, [&](int64_t part) {
    const int64_t first = part * options.batch, size = std::min(options.batch, count - first);
    const SeedBatch seeds(std::span(options.seeds).subspan(first, size), model.denoiser->info());
    const torch::Tensor latents = seeds.latents().to(options.device);
    int64_t calls = 0;
    const auto run = [&](const Subject& subject) {
      calls = 0;
      const DenoiseFn denoise = counting([&](const torch::Tensor& x, double sigma) { return subject(x, sigma); },
                                         calls);
      Path path = integrate_path(denoise, solver, latents, options.levels);
      progress.advance(size);
      return path;
    };
    const Path own = run(model);
    std::vector<Path> others;
    for (const Subject& reference : references) others.push_back(run(reference));
    if (gaussian) others.push_back(gaussian_path(*gaussian, latents, options.levels));
    Tensors filled = fill(own, others);
    filled.push_back(torch::full({1}, calls, torch::kInt64));
    return filled;
  }, [&](int64_t part, const Tensors& batch) {
    const int64_t size = batch[0].size(-1);
    for (size_t i = 0; i < std::size(kFilled); ++i) {
      (result.*kFilled[i].tensor).narrow(kFilled[i].seeds, part * options.batch, size).copy_(batch[i]);
    }
    result.nfe = batch.back().item<int64_t>();
    if (!is_mine(comm, part)) progress.advance(size * (1 + static_cast<int64_t>(references.size())));
  });
  return result;
}

std::vector<TrajectoryRow> summarise(const Trajectories& trajectories, int64_t replicates, uint64_t seed) {
  std::vector<TrajectoryRow> rows;
  const auto levels = static_cast<int64_t>(trajectories.levels.size());
  const double numbers = static_cast<double>(trajectories.samples[0].numel());
  for (int64_t path = 0; path < static_cast<int64_t>(trajectories.paths.size()); ++path) {
    for (int64_t level = 0; level < levels; ++level) {
      TrajectoryRow row{path, level, kNan, kNan, kNan, kNan, kNan, kNan, kNan};
      const torch::Tensor difference = trajectories.state_difference[path][level];
      ratio(difference, trajectories.state[level], replicates, seed, row.deviation, row.low, row.high);
      if (level + 1 < levels) {
        ratio(trajectories.denoised_difference[path][level], trajectories.denoised[level], replicates, seed,
              row.denoiser_deviation, row.denoiser_low, row.denoiser_high);
      }
      row.rms = std::sqrt(difference.sum().item<double>() / numbers);
      rows.push_back(row);
    }
  }
  return rows;
}

Table trajectory_table(const Trajectories& trajectories, const std::vector<TrajectoryRow>& rows) {
  Table table;
  table.columns = {"reference",
                   "sigma",
                   "samples",
                   "deviation",
                   "deviation_low",
                   "deviation_high",
                   "denoiser_deviation",
                   "denoiser_deviation_low",
                   "denoiser_deviation_high",
                   "rms"};
  for (const TrajectoryRow& row : rows) {
    std::vector<Cell> cells = {trajectories.paths[row.path], trajectories.levels[row.level],
                               trajectories.state.size(1)};
    for (double value :
         {row.deviation, row.low, row.high, row.denoiser_deviation, row.denoiser_low, row.denoiser_high, row.rms}) {
      cells.push_back(ratio_cell(value));
    }
    table.add(std::move(cells));
  }
  return table;
}

}  // namespace farfield

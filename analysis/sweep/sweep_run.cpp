#include "analysis/sweep/sweep_run.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "analysis/compare/probes.h"
#include "analysis/compare/references.h"
#include "analysis/paths/path_batches.h"
#include "analysis/sweep/rank_ladder.h"
#include "core/checked_product.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/limits.h"
#include "core/progress.h"
#include "core/shards.h"
#include "core/text.h"
#include "models/analytic/fit.h"
#include "samplers/model_levels.h"

namespace farfield {
namespace {

int64_t numbers_of(const DataInfo& data) { return c10::multiply_integers(data.shape); }

// The batches of probes, [B, d] float64 rows at a level.
class SweepProbes {
 public:
  SweepProbes(const SweepRun& run)
      : probes_(run.inputs.data, run.inputs.data->info().shape, run.options.probes, run.options.seed),
        options_(run.options) {}

  int64_t batches() const { return (options_.probes + options_.batch - 1) / options_.batch; }
  RowRange rows(int64_t batch) const {
    const int64_t first = batch * options_.batch;
    return {first, std::min(options_.batch, options_.probes - first)};
  }
  Probes::Batch at(RowRange rows) const { return probes_.batch(ProbeKind::kData, rows.first, rows.size); }
  // The very points of compare(), which are float32, in float64.
  static torch::Tensor x(const Probes::Batch& batch, double sigma) {
    return (batch.clean + sigma * batch.noise).to(torch::kFloat64);
  }

 private:
  Probes probes_;
  const SweepOptions& options_;
};

// D of the model at every probe and level, [n, S, d] float64.
torch::Tensor model_outputs(const SweepRun& run, const SweepProbes& probes, const PartStore& outputs, Comm& comm) {
  const SweepOptions& options = run.options;
  BatchWork work;
  work.what = "outputs of " + run.inputs.model.name;
  work.count = options.probes;
  work.batch = options.batch;
  work.evaluations = static_cast<int64_t>(options.sigmas.size());
  work.names = {"denoised"};
  work.measure = [&](RowRange rows, Progress& progress) {
    const Probes::Batch batch = probes.at(rows);
    Tensors levels;
    for (const double sigma : options.sigmas) {
      stop_if_interrupted();
      const torch::Tensor x = SweepProbes::x(batch, sigma).to(options.device);
      levels.push_back(run.inputs.model(x, sigma).cpu().flatten(1));
      progress.advance(rows.size);
    }
    return Arrays{{"denoised", torch::stack(levels, 1).contiguous()}};
  };
  return measure_batches(work, outputs, comm).at("denoised");
}

// [Q, S, B]: |D_model - D|^2 of what `denoise` says at every level, [Q, B, d] each.
using DenoiseAll = std::function<torch::Tensor(const torch::Tensor& rows, double sigma)>;
torch::Tensor differences(const SweepRun& run, const Probes::Batch& batch, const torch::Tensor& model,
                          const DenoiseAll& denoise, Progress& progress) {
  Tensors levels;
  for (size_t s = 0; s < run.options.sigmas.size(); ++s) {
    stop_if_interrupted();
    const double sigma = run.options.sigmas[s];
    const torch::Tensor all = denoise(SweepProbes::x(batch, sigma).flatten(1), sigma);
    levels.push_back((all - model.select(1, static_cast<int64_t>(s))).square().sum(2));
    progress.advance(batch.clean.size(0));
  }
  return torch::stack(levels, 1).contiguous();
}

// The same over all probes, shared over the ranks: [Q, S, n].
torch::Tensor all_differences(const SweepRun& run, const SweepProbes& probes, const torch::Tensor& model,
                              const std::string& what, const DenoiseAll& denoise, Comm& comm) {
  const auto levels = static_cast<int64_t>(run.options.sigmas.size());
  Progress progress(what, run.options.probes * levels, "evaluations");
  Tensors collected;
  for_each_shard(comm, probes.batches(), [&](int64_t part) {
    const RowRange rows = probes.rows(part);
    return Tensors{differences(run, probes.at(rows), model.narrow(0, rows.first, rows.size), denoise, progress)};
  }, [&](int64_t part, const Tensors& values) {
    collected.push_back(values[0]);
    if (!is_mine(comm, part)) progress.advance(probes.rows(part).size * levels);
  });
  return torch::cat(collected, 2);
}

// The distinct ranks at which a mixture of this largest rank differs; and the place of every rank asked for among them, the full
// one last.
struct DistinctRanks {
  std::vector<int64_t> ranks, place;
};
DistinctRanks distinct_ranks(const std::vector<int64_t>& asked, int64_t largest) {
  DistinctRanks distinct;
  for (const int64_t rank : asked) {
    const int64_t own = std::min(rank, largest);
    if (distinct.ranks.empty() || distinct.ranks.back() != own) distinct.ranks.push_back(own);
    distinct.place.push_back(static_cast<int64_t>(distinct.ranks.size()) - 1);
  }
  if (distinct.ranks.empty() || distinct.ranks.back() != largest) distinct.ranks.push_back(largest);
  distinct.place.push_back(static_cast<int64_t>(distinct.ranks.size()) - 1);
  return distinct;
}

SweptMixture sweep_mixture(const SweepRun& run, const SweepProbes& probes, const torch::Tensor& model,
                           int64_t components, Comm& comm) {
  MixtureOptions fit;
  fit.components = components;
  fit.seed = run.options.seed;
  const MixtureStats stats = fit_mixture(*run.inputs.data, fit, comm);
  const int64_t largest = RankLadder(stats, {1}).largest_rank();
  const DistinctRanks distinct = distinct_ranks(run.options.ranks, largest);
  const RankLadder ladder(stats, distinct.ranks);
  SweptMixture swept{components, ladder.components(), largest, {}, {}};
  for (const int64_t rank : run.options.ranks) swept.below.push_back(ladder.components_below(rank));
  swept.below.push_back(ladder.components_below(largest));
  const torch::Tensor some = all_differences(
      run, probes, model, fmt::format("mixtures of {}", components),
      [&](const torch::Tensor& rows, double sigma) { return ladder.denoise(rows, sigma); }, comm);
  swept.difference = some.index_select(0, torch::tensor(distinct.place, torch::kInt64));
  return swept;
}

Arrays arrays_of(const SweptMixture& swept) {
  return {{"components", torch::tensor({swept.components, swept.clusters, swept.largest_rank}, torch::kInt64)},
          {"below", torch::tensor(swept.below, torch::kInt64)},
          {"difference", swept.difference}};
}

SweptMixture mixture_of_arrays(const Arrays& arrays) {
  const torch::Tensor& numbers = arrays.at("components");
  const auto below = arrays.at("below").contiguous();
  return {numbers[0].item<int64_t>(),
          numbers[1].item<int64_t>(),
          numbers[2].item<int64_t>(),
          {below.data_ptr<int64_t>(), below.data_ptr<int64_t>() + below.numel()},
          arrays.at("difference")};
}

torch::Tensor model_scores(const SweepRun& run, const SweepProbes& probes, const torch::Tensor& model) {
  Tensors batches;
  for (int64_t part = 0; part < probes.batches(); ++part) {
    const RowRange rows = probes.rows(part);
    const Probes::Batch batch = probes.at(rows);
    Tensors levels;
    for (size_t s = 0; s < run.options.sigmas.size(); ++s) {
      const torch::Tensor own = model.narrow(0, rows.first, rows.size).select(1, static_cast<int64_t>(s));
      levels.push_back((own - SweepProbes::x(batch, run.options.sigmas[s]).flatten(1)).square().sum(1));
    }
    batches.push_back(torch::stack(levels));
  }
  return torch::cat(batches, 1);
}

void sweep_mixtures(SweepRun& run, const SweepProbes& probes, const torch::Tensor& model, const PartStore& parts,
                    Comm& comm) {
  for (size_t i = 0; i < run.options.components.size(); ++i) {
    const auto part = static_cast<int64_t>(i);
    // As the root sees it: a rank that came late would find what has just been kept.
    if (comm.any(comm.is_root() && parts.find(part))) {
      run.mixtures.push_back(mixture_of_arrays(*parts.find(part)));
      continue;
    }
    run.mixtures.push_back(sweep_mixture(run, probes, model, run.options.components[i], comm));
    do_on_root(comm, [&] { parts.keep(part, arrays_of(run.mixtures.back())); });
  }
}

template <class Number>
void check_rising(const std::vector<Number>& values, const char* option) {
  if (values.empty()) throw usage_error(fmt::format("--{}: empty; give at least one", option));
  for (size_t i = 1; i < values.size(); ++i) {
    if (values[i] <= values[i - 1])
      throw usage_error(fmt::format("--{}: {} after {}; they must rise", option, values[i], values[i - 1]));
  }
}

// The levels of a list that the model knows.
std::vector<double> levels_within(const std::vector<double>& sigmas, const DenoiserInfo& model) {
  std::vector<double> known;
  std::ranges::copy_if(sigmas, std::back_inserter(known),
                       [&](double sigma) { return sigma >= model.sigma_min && sigma <= model.sigma_max; });
  return known;
}

std::vector<int64_t> below(const std::vector<int64_t>& numbers, int64_t bound) {
  std::vector<int64_t> some;
  std::ranges::copy_if(numbers, std::back_inserter(some), [&](int64_t number) { return number < bound; });
  return some.empty() ? std::vector<int64_t>{1} : some;
}

}  // namespace

void SweepOptions::validate(const DataInfo& data) const {
  check_rising(components, "components");
  check_rising(ranks, "ranks");
  check_rising(sigmas, "sigmas");
  const int64_t dim = numbers_of(data);
  if (components.front() < 1 || components.back() > data.count) {
    throw usage_error(fmt::format("--components: {}, but '{}' has {} samples: choose 1 to {} (K = N is always there)",
                                  components.front() < 1 ? components.front() : components.back(), data.name,
                                  data.count, data.count));
  }
  if (ranks.front() < 1 || ranks.back() > dim) {
    throw usage_error(fmt::format("--ranks: {}, but samples of '{}' have {} numbers: choose 1 to {}",
                                  ranks.front() < 1 ? ranks.front() : ranks.back(), data.name, dim, dim));
  }
  CompareOptions common;  // what both have
  common.sigmas = sigmas;
  common.probes = probes;
  common.batch = batch;
  common.replicates = replicates;
  common.validate();
  checked_product("sweep: bytes of the model's outputs",
                  {probes, static_cast<int64_t>(sigmas.size()), dim, sizeof(double)}, limits::kMostBytes);
}

SweepOptions quick_sweep(const DataInfo& data, const DenoiserInfo& model) {
  SweepOptions options;
  options.components = below({1, 2, 5, 10, 20, 50}, data.count);
  options.ranks = below({8, 16, 32, 64, 128, 256, 512, 1024}, numbers_of(data));
  options.sigmas = levels_within({0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10}, model);
  options.probes = 256;
  return options;
}

SweepOptions paper_sweep(const DataInfo& data, const DenoiserInfo& model) {
  SweepOptions options;
  const bool large = numbers_of(data) > 1024;
  options.components = below(large ? std::vector<int64_t>{1, 2, 5, 10, 20, 50, 100, 200}
                                   : std::vector<int64_t>{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000},
                             data.count);
  options.ranks = below(large ? std::vector<int64_t>{8, 16, 32, 64, 96, 128, 256, 384, 512, 768, 1024, 2048}
                              : std::vector<int64_t>{8, 16, 32, 64, 96, 128, 256, 512, 768},
                        numbers_of(data));
  options.sigmas = levels_within({0.01, 0.05, 0.1, 0.5, 1, 1.5, 2, 5, 10, 20}, model);
  options.probes = 2048;
  return options;
}

SweepRun run_sweep(SweepInputs inputs, SweepOptions options, const PartStore& outputs, const PartStore& parts,
                   Comm& comm) {
  const torch::NoGradGuard no_gradients;
  const DenoiserInfo& info = inputs.model.denoiser->info();
  if (inputs.data->info().shape != info.sample_shape) {
    throw usage_error(fmt::format("{}: samples are [{}], the model's are [{}]; give the data the model was made for",
                                  inputs.data->info().name, join(inputs.data->info().shape, ","),
                                  join(info.sample_shape, ",")));
  }
  options.validate(inputs.data->info());
  check_levels_for(info, {options.sigmas.rbegin(), options.sigmas.rend()});
  std::vector<Subject> none;
  choose_class(inputs.model, none, options.label);
  SweepRun run{std::move(inputs), std::move(options), {}, {}, {}};
  const SweepProbes probes(run);
  const torch::Tensor model = model_outputs(run, probes, outputs, comm);
  run.model_score = model_scores(run, probes, model);
  const int64_t dim = numbers_of(run.inputs.data->info());
  const auto exact = make_delta(data_matrix(*run.inputs.data), {dim});
  run.exact_difference = all_differences(
      run, probes, model, "exact denoiser",
      [&](const torch::Tensor& rows, double sigma) { return (*exact)(rows, sigma).unsqueeze(0); }, comm)[0];
  try {
    sweep_mixtures(run, probes, model, parts, comm);
  } catch (const Error& error) {
    const PartStore& kept = parts.kept() > 0 ? parts : outputs;
    if (error.code() != ExitCode::kInterrupted || kept.kept() == 0) throw;
    throw Error(error.code(), fmt::format("{}; {}", error.what(), kept.how_to_go_on()));
  }
  return run;
}

}  // namespace farfield

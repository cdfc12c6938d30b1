#include "analysis/compare/shares.h"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "analysis/compare/probe_sums.h"
#include "analysis/compare/trajectory_sums.h"
#include "analysis/paths/path.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/progress.h"
#include "samplers/integrate.h"

namespace farfield {
namespace {

// A part: one reference, at one level or over one batch of seeds. Its number is its name among the parts kept.
struct Job {
  int64_t reference, place, number;
  int64_t work;  // evaluations
};

// Computes what is not kept, on the ranks in turn, and takes it in order.
void run_jobs(const std::vector<Job>& jobs, const std::string& what, const PartStore& parts, Comm& comm,
              const std::function<Tensors(const Job&, Progress&)>& compute,
              const std::function<void(const Job&, const Tensors&)>& take) {
  int64_t work = 0;
  for (const Job& job : jobs) work += job.work;
  Progress progress(what, work, "evaluations");
  const auto found_or_computed = [&](int64_t i) {
    const Job& job = jobs[static_cast<size_t>(i)];
    if (const auto kept = parts.find(job.number)) {
      progress.advance(job.work);
      return in_order(*kept);
    }
    Tensors computed = compute(job, progress);
    parts.keep(job.number, by_number(computed));
    return computed;
  };
  try {
    for_each_shard(comm, std::ssize(jobs), found_or_computed, [&](int64_t i, const Tensors& result) {
      take(jobs[static_cast<size_t>(i)], result);
      if (!is_mine(comm, i)) progress.advance(jobs[static_cast<size_t>(i)].work);
    });
  } catch (const Error& error) {
    throw parts.said_with(error);
  }
}

}  // namespace

void measure_shares(Comparison& comparison, const Subject& model, const std::vector<Subject>& references,
                    std::shared_ptr<const DataSource> data, const CompareOptions& options, const PartStore& parts,
                    Comm& comm) {
  const torch::NoGradGuard no_gradients;
  const auto kinds = std::ssize(comparison.kinds), levels = std::ssize(comparison.sigmas);
  const Probes probes(data, model.denoiser->info().sample_shape, options.probes, options.seed);
  std::vector<Job> jobs;
  for (int64_t r = 0; r < std::ssize(references); ++r) {
    const auto& share = references[static_cast<size_t>(r)].share;
    if (!share) continue;
    for (const int64_t level : share->levels) jobs.push_back({r, level, r * levels + level, kinds * share->probes});
  }
  if (jobs.empty()) return;
  run_jobs(jobs, "costly references", parts, comm, [&](const Job& job, Progress& progress) {
    Subject whole = references[static_cast<size_t>(job.reference)];
    const int64_t count = whole.share->probes;
    whole.share.reset();
    const double sigma = comparison.sigmas[static_cast<size_t>(job.place)];
    Tensors of_kinds;  // difference, score, D: [3, count] each
    for (const ProbeKind kind : comparison.kinds) {
      Tensors batches;
      for (int64_t first = 0; first < count; first += options.batch) {
        stop_if_interrupted();
        const int64_t size = std::min(options.batch, count - first);
        Probes::Batch batch = probes.batch(kind, first, size);
        batch = {batch.clean.to(options.device), batch.noise.to(options.device),
                 classes_of(model, probes, kind, first, size)};
        const Tensors sums = compare_batch(model, {whole}, batch, sigma);
        batches.push_back(torch::cat({sums[2], sums[3], sums[4]}).cpu());
        progress.advance(size);
      }
      of_kinds.push_back(torch::cat(batches, 1));
    }
    return Tensors{torch::stack(of_kinds).contiguous()};
  }, [&](const Job& job, const Tensors& sums) {
    const int64_t count = sums[0].size(2);
    for (int64_t i = 0; i < 3; ++i) {
      (comparison.*kComparisonSums[2 + i])
          .select(1, job.reference)
          .select(1, job.place)
          .narrow(1, 0, count)
          .copy_(sums[0].select(1, i));
    }
    comparison.evaluated[job.reference][job.place] = count;
  });
}

void measure_shares(Trajectories& trajectories, const Subject& model, const std::vector<Subject>& references,
                    const Solver& solver, const TrajectoryOptions& options, const PartStore& parts, Comm& comm) {
  const torch::NoGradGuard no_gradients;
  SampleRequest request = path_request(options);
  const int64_t batch = path_batch(request, solver), steps = std::ssize(trajectories.levels) - 1;
  const int64_t evaluations = 2 * count_evaluations(solver, request) + steps;
  // Their numbers come after those of the noise levels, of which there are at most 1,000.
  constexpr int64_t kAfterLevels = 100'000'000, kMostBatches = 10'000;
  const auto seeds_of = [&](int64_t r) { return references[static_cast<size_t>(r)].share->seeds; };
  std::vector<Job> jobs;
  for (int64_t r = 0; r < std::ssize(references); ++r) {
    if (!references[static_cast<size_t>(r)].share) continue;
    for (int64_t b = 0; b * batch < seeds_of(r); ++b) {
      const int64_t size = std::min(batch, seeds_of(r) - b * batch);
      jobs.push_back({r, b, kAfterLevels + r * kMostBatches + b, size * evaluations});
    }
  }
  if (jobs.empty()) return;
  const auto rows_of = [&](const Job& job) {
    return RowRange{job.place * batch, std::min(batch, seeds_of(job.reference) - job.place * batch)};
  };
  run_jobs(jobs, "trajectories of costly references", parts, comm, [&](const Job& job, Progress& progress) {
    request.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
    return measure_paths(model, {references[static_cast<size_t>(job.reference)]}, std::nullopt, solver, request,
                         rows_of(job), trajectories);
  }, [&](const Job& job, const Tensors& sums) { take_paths(sums, rows_of(job), {job.reference}, trajectories); });
}

}  // namespace farfield

#include "analysis/study/study.h"

#include "analysis/paths/path_batches.h"
#include "analysis/study/evaluation_memo.h"
#include "analysis/study/study_plan.h"
#include "analysis/study/teleport_sweep.h"
#include "core/checked_product.h"
#include "core/error.h"
#include "core/limits.h"
#include "samplers/gaussian_flow.h"
#include "samplers/integrate.h"
#include "samplers/seed_batch.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/trajectory.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kMemoBytes = int64_t{1} << 28;
constexpr int64_t kReferenceGuess = 400;  // evaluations, for the progress bar

// What is to be done for every trajectory.
struct StudyWork {
  const Denoiser& model;
  const StudyRequest& request;
  StudySolvers solvers;
  std::vector<StudyRun> runs;
  std::optional<TeleportSweep> sweep;

  int64_t run_count() const { return static_cast<int64_t>(runs.size()); }
  int64_t skip_count() const { return sweep ? sweep->size() : 0; }
  int64_t evaluations() const {
    int64_t sum = kReferenceGuess + (sweep ? sweep->evaluations() : 0);
    for (const StudyRun& run : runs) sum += run.nfe;
    return sum;
  }
};

// Of sets of ends, one after the other: [B, sets, dim].
class EndFeatures {
 public:
  explicit EndFeatures(const SetMeasures* measures) : measures_(measures) {}
  void add(const Tensor& ends) {
    if (measures_ != nullptr) sets_.push_back(measures_->features_of(ends));
  }
  void give(Arrays& arrays, const std::string& name) const {
    if (!sets_.empty()) arrays[name] = torch::stack(sets_, 1);
  }

 private:
  const SetMeasures* measures_;
  Tensors sets_;
};

// One batch of trajectories: the reference, then every run's squared distance from it.
class StudyBatch {
 public:
  StudyBatch(const StudyWork& work, RowRange rows, Progress& progress)
      : work_(work), rows_(rows), progress_(progress), range_(study_range(work.model.info())) {
    const StudyRequest& request = work.request;
    const DenoiserInfo& info = work.model.info();
    SeedBatch streams(std::span(request.seeds).subspan(rows.first, rows.size), info);
    const auto classes = request.label ? torch::full({rows.size}, *request.label, torch::kInt64) : streams.classes();
    bound_ = work.model.bind(one_hot_labels(classes, info.label_dim, request.device));
    latents_ = streams.latents().to(request.device);
    if (request.teleport) {
      landed_ = gaussian_flow(request.teleport->gaussian, latents_ * range_.first, range_.first,
                              request.teleport->sigma);
    }
  }

  // squares [B, runs], counts [B, 2 + runs] (evaluations of the reference, reused ones in the first row alone, those of every
  // run); with measures features [B, 1 + runs, dim], the reference's first.
  Arrays measure() {
    const int64_t reference_nfe = solve_reference();
    EndFeatures features(work_.request.measures.get());
    features.add(ends_[2]);
    Tensor squares = torch::empty({rows_.size, work_.run_count()}, torch::kFloat64);
    Tensor counts = torch::zeros({rows_.size, 2 + work_.run_count()}, torch::kInt64);
    EvaluationMemo memo(bound_, kMemoBytes);
    const DenoiseFn remembered = watched([&](const Tensor& x, double sigma) { return memo(x, sigma); });
    for (size_t i = 0; i < work_.runs.size(); ++i) {
      const StudyRun& run = work_.runs[i];
      if (i > 0 && run.levels != work_.runs[i - 1].levels) memo.forget();
      const auto x = run.teleported ? landed_ : latents_ * run.levels.front();
      const auto result = integrate(*work_.solvers.at(run.solver), remembered, x, run.levels);
      const auto difference = (result.x - ends_[run.levels.back() == 0 ? 2 : 1]).flatten(1);
      squares.select(1, static_cast<int64_t>(i)).copy_(difference.square().mean(1));
      counts.select(1, 2 + static_cast<int64_t>(i)).fill_(result.nfe);
      features.add(result.x);
    }
    counts.select(1, 0).fill_(reference_nfe);
    counts[0][1] = memo.reused();
    Arrays arrays = {{"squares", squares}, {"counts", counts}};
    features.give(arrays, "features");
    return arrays;
  }

  // skipped_squares [B, S]; with measures skipped_features [B, S, dim].
  void measure_sweep(Arrays& arrays) const {
    if (!work_.sweep) return;
    EndFeatures features(work_.request.measures.get());
    const auto advance = [this](int64_t samples) { progress_.advance(samples); };
    arrays["skipped_squares"] = work_.sweep->squares_of(work_.model, rows_, advance,
                                                        [&](const Tensor& ends) { features.add(ends); });
    features.give(arrays, "skipped_features");
  }

 private:
  // Returns its evaluations.
  int64_t solve_reference() {
    const auto solver = make_solver(work_.request.reference);
    auto sizes = latents_.sizes().vec();
    sizes.insert(sizes.begin(), 3);
    ends_ = torch::empty(sizes, latents_.options());
    IntegrateOptions options;
    options.observer = record_states(ends_);
    int64_t left = kReferenceGuess;
    const DenoiseFn counted = [&](const Tensor& x, double sigma) {
      auto denoised = bound_(x, sigma);
      if (left-- > 0) progress_.advance(x.size(0));
      return denoised;
    };
    const auto start = latents_ * range_.first;
    const int64_t nfe = integrate(*solver, counted, start, {range_.first, range_.last, 0}, options).nfe;
    if (left > 0) progress_.advance(left * rows_.size);
    return nfe;
  }

  DenoiseFn watched(DenoiseFn denoise) const {
    return [this, denoise = std::move(denoise)](const Tensor& x, double sigma) {
      auto denoised = denoise(x, sigma);
      progress_.advance(x.size(0));
      return denoised;
    };
  }

  const StudyWork& work_;
  RowRange rows_;
  Progress& progress_;
  StudyRange range_;
  DenoiseFn bound_;
  Tensor latents_, landed_, ends_;  // ends_ [3, B, ...]: the reference at the first level, the last positive one, 0
};

void check_features(const StudyWork& work) {
  const SetMeasures* measures = work.request.measures.get();
  if (measures == nullptr) return;
  const auto count = static_cast<int64_t>(work.request.seeds.size());
  measures->check_count(count);
  checked_product("study: bytes of the features of all ends (name fewer solvers, schedules, budgets or seeds)",
                  {1 + work.run_count() + work.skip_count(), count, measures->contract().dim, sizeof(double)},
                  limits::kMostBytes);
}

Arrays measure_all_batches(const StudyWork& work, const PartStore& parts, Comm& comm) {
  BatchWork batches{"study",
                    static_cast<int64_t>(work.request.seeds.size()),
                    work.request.batch,
                    work.evaluations(),
                    {"squares", "counts"},
                    {}};
  const bool measured = work.request.measures != nullptr;
  if (measured) batches.names.emplace_back("features");
  if (work.sweep) batches.names.emplace_back("skipped_squares");
  if (work.sweep && measured) batches.names.emplace_back("skipped_features");
  batches.measure = [&](RowRange rows, Progress& progress) {
    StudyBatch batch(work, rows, progress);
    Arrays arrays = batch.measure();
    batch.measure_sweep(arrays);
    return arrays;
  };
  return measure_batches(batches, parts, comm);
}

// Counts and errors, from the arrays of all batches.
void take_results(const StudyWork& work, const Arrays& arrays, Study& study) {
  const Tensor& counts = arrays.at("counts");
  study.runs = work.runs;
  study.squares = arrays.at("squares").t().contiguous();
  study.reference_nfe = counts.select(1, 0).max().item<int64_t>();
  study.reused = counts.select(1, 1).sum().item<int64_t>();
  const auto batches = (counts.size(0) + work.request.batch - 1) / work.request.batch;
  for (int64_t i = 0; i < work.run_count(); ++i) {
    StudyRun& run = study.runs[static_cast<size_t>(i)];
    run.nfe = counts[0][2 + i].item<int64_t>();
    run.error = rms_error(study.squares[i]);
    study.evaluations += run.nfe * batches;
  }
  if (work.sweep) study.skipped = work.sweep->runs_of(arrays.at("skipped_squares"));
}

void take_measures(const SetMeasures& measures, const Arrays& arrays, Study& study, Comm& comm) {
  auto values = measure_sets(measures, arrays.at("features"), comm);
  study.reference_measures = std::move(values.front());
  for (size_t i = 0; i < study.runs.size(); ++i) study.runs[i].measures = std::move(values[i + 1]);
  if (study.skipped.empty()) return;
  values = measure_sets(measures, arrays.at("skipped_features"), comm);
  for (size_t i = 0; i < study.skipped.size(); ++i) study.skipped[i].measures = std::move(values[i]);
}

}  // namespace

std::vector<std::string> study_solvers() {
  std::vector<std::string> names;
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    const bool own_levels = name == "dpm_fast" || name == "edm_ablation";  // Heun in another time
    if (solver->order() > 0 && !solver->adaptive() && !solver->stochastic() && !own_levels &&
        !name.ends_with("_compat"))
      names.push_back(name);
  }
  return names;
}

Study run_study(const Denoiser& model, const StudyRequest& request, const PartStore& parts, Comm& comm) {
  check_study(request, model.info());
  StudyWork work{model, request, make_study_solvers(request.solvers), {}, {}};
  work.runs = plan_study(request, model.info(), work.solvers);
  if (request.teleport_sweep) work.sweep.emplace(request, model.info());
  check_features(work);
  const Arrays arrays = measure_all_batches(work, parts, comm);
  Study study;
  take_results(work, arrays, study);
  try {
    if (request.measures) take_measures(*request.measures, arrays, study, comm);
  } catch (const Error& error) {
    throw parts.said_with(error);  // the batches are kept
  }
  return study;
}

const StudyRun* best_within(const Study& study, int64_t budget, bool teleported) {
  const StudyRun* best = nullptr;
  for (const StudyRun& run : study.runs) {
    if (run.nfe > budget || (run.teleported && !teleported)) continue;
    if (best == nullptr || run.error.rms < best->error.rms) best = &run;
  }
  return best;
}

const StudyRun* best_measured(const Study& study, int64_t budget, size_t m, const SetMeasure& measure) {
  const StudyRun* best = nullptr;
  for (const StudyRun& run : study.runs) {
    if (run.nfe > budget) continue;
    if (best == nullptr || measure.better(run.measures[m], best->measures[m])) best = &run;
  }
  return best;
}

}  // namespace farfield

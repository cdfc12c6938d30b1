#include "analysis/study/ablation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "analysis/stats/rms_error.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/progress.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "samplers/budgets.h"
#include "samplers/integrate.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kPhases = 3;

// The options with one value in place.
SearchOptions with_value(SearchOptions options, Varied what, double value) {
  if (what == Varied::kWarmup) options.warmup = static_cast<int64_t>(value);
  if (what == Varied::kPoints) options.points = static_cast<int64_t>(value);
  if (what == Varied::kGamma) options.gamma = value;
  return options;
}

std::vector<int64_t> seeds_from(int64_t first, int64_t count) {
  std::vector<int64_t> seeds(static_cast<size_t>(count));
  std::iota(seeds.begin(), seeds.end(), first);
  return seeds;
}

// What one search finds, and its seconds by phase.
struct Found {
  std::vector<GitsSchedule> schedules;
  GitsSeconds seconds;
};

class AblationRun {
 public:
  AblationRun(const RecordedModel& model, const AblationOptions& options)
      : model_(model.denoiser),
        options_(options),
        variation_(parse_variation(options.vary)),
        teacher_(make_solver(options.search.teacher)),
        student_(make_solver(options.search.student_text())) {
    const double last = variation_.values.back();
    widest_ = with_value(options.search, variation_.what, last);
    nfe_ = parse_nfe(options.search.nfe);
    for (const double value : variation_.values) request_of(value, 0).validate(model_.info());
    if (options.measure.measures.empty()) return;
    against_ = std::make_shared<SetMeasures>(options.measure, model_.info().sample_shape);
    against_->check_count(options.test_seeds);
  }

  Ablation run(const PartStore& parts) {
    const auto values = static_cast<int64_t>(variation_.values.size()), budgets = static_cast<int64_t>(nfe_.size()),
               repeats = options_.repeats;
    Ablation result{variation_,
                    nfe_,
                    nans({values, budgets, repeats}),
                    nans({values, budgets, repeats, nfe_.back() + 1}),
                    nans({values, repeats, kPhases}),
                    against_,
                    nans({values, budgets, repeats, measure_count()})};
    start(parts);
    for (int64_t repeat = 0; repeat < repeats; ++repeat) {
      auto arrays = parts.find(repeat);
      if (!arrays) {
        arrays = measure(repeat);
        parts.keep(repeat, *arrays);
      }
      result.rms.select(2, repeat).copy_(arrays->at("rms"));
      result.levels.select(2, repeat).copy_(arrays->at("levels"));
      result.seconds.select(1, repeat).copy_(arrays->at("seconds"));
      if (against_) result.measures.select(2, repeat).copy_(arrays->at("measures"));
    }
    return result;
  }

 private:
  static Tensor nans(torch::IntArrayRef shape) {
    return torch::full(shape, std::numeric_limits<double>::quiet_NaN(), torch::kFloat64);
  }

  GitsRequest request_of(double value, int64_t repeat) const {
    SearchOptions options = with_value(options_.search, variation_.what, value);
    options.seeds = fmt::format("0-{}", options.warmup - 1);
    GitsRequest request = search_request(options, nullptr, model_.info());
    request.seeds = seeds_from(repeat * widest_.warmup, options.warmup);
    request.on_evaluation = [this](int64_t samples) { progress_->advance(samples); };
    return request;
  }

  // The bar over all that is to be done, and the reference's ends.
  void start(const PartStore& parts) {
    int64_t evaluations = options_.test_seeds * count_evaluations(*teacher_, finest());
    for (int64_t repeat = 0; repeat < options_.repeats; ++repeat) {
      if (!parts.has(repeat)) evaluations += evaluations_of_repeat();
    }
    progress_.emplace("ablation", evaluations, "evaluations");
    reference_ = ends(*teacher_, finest());
  }

  const std::vector<double>& finest() {
    if (finest_.empty()) finest_ = request_of(variation_.values.back(), 0).levels;
    return finest_;
  }

  int64_t evaluations_of_repeat() const {
    int64_t evaluations = 0;
    for (const double value : variation_.values) {
      const auto levels = request_of(value, 0).levels;
      const bool own_teacher = variation_.what == Varied::kPoints || value == variation_.values.back();
      if (own_teacher) evaluations += widest_.warmup * count_evaluations(*teacher_, levels);
      for (const int64_t nfe : nfe_)
        evaluations += options_.test_seeds *
                       count_evaluations(*student_, std::vector<double>(levels.begin(), levels.begin() + nfe + 1));
    }
    return evaluations;
  }

  Tensor ends(const Solver& solver, const std::vector<double>& levels) const {
    SampleRequest run;
    run.seeds = seeds_from(options_.repeats * widest_.warmup, options_.test_seeds);
    run.levels = levels;
    run.batch = options_.search.batch;
    run.device = options_.search.device;
    run.on_evaluation = [this](int64_t samples) { progress_->advance(samples); };
    return sample(model_, solver, run).x;
  }

  int64_t measure_count() const { return against_ ? static_cast<int64_t>(against_->measures().size()) : 0; }

  std::vector<Found> search(int64_t repeat) const {
    std::vector<Found> found;
    if (variation_.what == Varied::kPoints) {
      for (const double value : variation_.values) {
        const GitsRequest request = request_of(value, repeat);
        const auto teachers = run_gits_teacher(model_, *teacher_, request, {widest_.warmup});
        found.push_back(schedules_of(teachers.first.front(), request));
      }
      return found;
    }
    std::vector<int64_t> counts = {widest_.warmup};
    if (variation_.what == Varied::kWarmup) counts.assign(variation_.values.begin(), variation_.values.end());
    const auto teachers = run_gits_teacher(model_, *teacher_, request_of(variation_.values.back(), repeat), counts);
    for (size_t i = 0; i < variation_.values.size(); ++i) {
      const GitsTeacher& teacher = teachers.first[variation_.what == Varied::kWarmup ? i : 0];
      found.push_back(schedules_of(teacher, request_of(variation_.values[i], repeat)));
    }
    return found;
  }

  static Found schedules_of(const GitsTeacher& teacher, const GitsRequest& request) {
    Found found{{}, teacher.seconds};
    const Stopwatch clock;
    found.schedules = gits_schedules(teacher.costs, request);
    found.seconds.program = clock.seconds();
    return found;
  }

  // What the student is worth over a schedule: [1 + M] its error, then the measures. Equal schedules are run once.
  Tensor worth_of(const std::vector<double>& levels, std::map<std::vector<double>, Tensor>& known) const {
    const auto before = known.find(levels);
    if (before != known.end()) {
      progress_->advance(options_.test_seeds * count_evaluations(*student_, levels));
      return before->second;
    }
    const Tensor found = ends(*student_, levels);
    std::vector<double> values = {rms_error((found - reference_).flatten(1).square().mean(1)).rms};
    if (against_) {
      const auto measured = against_->values_of(against_->features_of(found));
      values.insert(values.end(), measured.begin(), measured.end());
    }
    return known.emplace(levels, torch::tensor(values, torch::kFloat64)).first->second;
  }

  Arrays measure(int64_t repeat) const {
    const auto found = search(repeat);
    const auto values = static_cast<int64_t>(found.size()), budgets = static_cast<int64_t>(nfe_.size());
    Tensor worth = nans({values, budgets, 1 + measure_count()}), levels = nans({values, budgets, nfe_.back() + 1}),
           seconds = nans({values, kPhases});
    std::map<std::vector<double>, Tensor> known;
    for (int64_t v = 0; v < values; ++v) {
      const Found& one = found[static_cast<size_t>(v)];
      for (int64_t e = 0; e < budgets; ++e) {
        const auto& way = one.schedules[static_cast<size_t>(e)].levels;
        worth[v][e] = worth_of(way, known);
        levels[v][e].narrow(0, 0, static_cast<int64_t>(way.size())).copy_(torch::tensor(way, torch::kFloat64));
      }
      seconds[v].copy_(torch::tensor({one.seconds.teacher, one.seconds.costs, one.seconds.program}, torch::kFloat64));
    }
    Arrays arrays = {{"rms", worth.select(2, 0).contiguous()}, {"levels", levels}, {"seconds", seconds}};
    if (against_) arrays["measures"] = worth.narrow(2, 1, measure_count()).contiguous();
    return arrays;
  }

  const Denoiser& model_;
  const AblationOptions& options_;
  Variation variation_;
  std::unique_ptr<const Solver> teacher_, student_;
  SearchOptions widest_;  // of the largest value
  std::vector<int64_t> nfe_;
  std::vector<double> finest_;
  Tensor reference_;  // [test seeds, ...shape]
  std::shared_ptr<const SetMeasures> against_;
  mutable std::optional<Progress> progress_;
};

}  // namespace

Variation parse_variation(const std::string& text) {
  const std::string expected = "expected warmup=16,64,..., points=11,21,... or gamma=1.05,1.1,...";
  const size_t equals = text.find('=');
  Variation variation;
  variation.name = text.substr(0, equals);
  const std::map<std::string, Varied> kinds = {
      {"warmup", Varied::kWarmup}, {"points", Varied::kPoints}, {"gamma", Varied::kGamma}};
  const auto kind = kinds.find(variation.name);
  if (equals == std::string::npos || kind == kinds.end())
    throw usage_error(fmt::format("--vary: got '{}', {}", text, expected));
  variation.what = kind->second;
  const auto words = split(text.substr(equals + 1), ',');
  if (words.empty()) throw usage_error(fmt::format("--vary: got '{}', {}", text, expected));
  for (const auto& word : words) {
    const bool whole = variation.what != Varied::kGamma;
    const double value = whole ? static_cast<double>(parse_int(word, "--vary " + variation.name))
                               : parse_double(word, "--vary gamma");
    const double low = variation.what == Varied::kPoints ? 3 : whole ? 1 : 0.01;
    const double high = variation.what == Varied::kPoints ? limits::kMostGridPoints
                        : whole                           ? limits::kMostSeeds
                                                          : limits::kHighestGamma;
    if (!(value >= low && value <= high) || (!variation.values.empty() && value <= variation.values.back())) {
      throw usage_error(fmt::format("--vary {}: got {}, expected numbers from {} to {} that rise", variation.name, word,
                                    format_double(low), format_double(high)));
    }
    variation.values.push_back(value);
  }
  return variation;
}

void AblationOptions::validate() const {
  search.validate();
  const Variation variation = parse_variation(vary);
  check(!search.afs && !search.seeds, "an ablation names its seeds itself");
  check_set_measures(measure);
  if (repeats < 1 || repeats > limits::kMostSeeds)
    throw usage_error(fmt::format("--repeats: got {}, expected 1 to {}", repeats, limits::kMostSeeds));
  if (test_seeds < 1 || test_seeds > limits::kMostSeeds)
    throw usage_error(fmt::format("--test-seeds: got {}, expected 1 to {}", test_seeds, limits::kMostSeeds));
  const int64_t most = with_value(search, variation.what, variation.values.back()).warmup;
  if (most > (limits::kMostSeeds - test_seeds) / repeats)
    throw usage_error(
        fmt::format("schedule ablate: {} repeats of {} trajectories and {} more are over {} seeds; give less", repeats,
                    most, test_seeds, limits::kMostSeeds));
}

Ablation run_ablation(const RecordedModel& model, const AblationOptions& options, const PartStore& parts) {
  options.validate();
  try {
    return AblationRun(model, options).run(parts);
  } catch (const Error& error) {
    throw parts.said_with(error);
  }
}

}  // namespace farfield

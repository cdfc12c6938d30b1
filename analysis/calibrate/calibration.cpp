#include "analysis/calibrate/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include "analysis/paths/path.h"
#include "analysis/paths/path_batches.h"
#include "core/error.h"
#include "core/text.h"
#include "samplers/integrate.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kPublishedLevels = 20;
constexpr double kPublishedStretch = 1.008;  // of the cosine schedule, whose last level is then finite
constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

double norm_of(const double* a, int64_t size) { return std::sqrt(std::inner_product(a, a + size, a, 0.0)); }

// Of two directions D - x: 1 - cosine as |a / |a| - b / |b||^2 / 2, exact near 0 where the cosine itself has lost its digits,
// and |a - b|. In the order of the numbers, whatever stands beside them in a batch.
struct Disagreement {
  double defect, distance;
};
Disagreement disagreement_of(const double* a, const double* b, int64_t size) {
  const double of_a = norm_of(a, size), of_b = norm_of(b, size);
  double defect = 0, square = 0;
  for (int64_t i = 0; i < size; ++i) {
    const double turned = a[i] / of_a - b[i] / of_b;
    defect += turned * turned / 2;
    square += (a[i] - b[i]) * (a[i] - b[i]);
  }
  return {of_a * of_b > 0 ? defect : kNoValue, std::sqrt(square)};
}

// The scores of all candidates against the model's at the states of a path: [B, L, S] each.
Arrays measure_states(const Path& path, const Tensor& labels,
                      const std::vector<std::shared_ptr<const Denoiser>>& candidates,
                      const std::function<void(int64_t)>& evaluated) {
  const int64_t batch = path.states.size(1), levels = path.denoised.size(0), sizes = std::ssize(candidates);
  Tensor defect = torch::empty({batch, levels, sizes}, torch::kFloat64), distance = torch::empty_like(defect);
  for (int64_t n = 0; n < levels; ++n) {
    const double sigma = path.levels[static_cast<size_t>(n)];
    const Tensor x = path.states[n], own = (path.denoised[n] - x).flatten(1).contiguous();
    for (int64_t s = 0; s < sizes; ++s) {
      const Denoiser& candidate = *candidates[static_cast<size_t>(s)];
      const bool labelled = labels.defined() && candidate.info().label_dim > 0;
      const Tensor other = (candidate(x, sigma, labelled ? labels : Tensor()) - x).flatten(1).contiguous();
      for (int64_t b = 0; b < batch; ++b) {
        const int64_t row = b * own.size(1), at = (b * levels + n) * sizes + s;
        const Disagreement found = disagreement_of(other.const_data_ptr<double>() + row,
                                                   own.const_data_ptr<double>() + row, own.size(1));
        defect.data_ptr<double>()[at] = found.defect;
        distance.data_ptr<double>()[at] = found.distance / (sigma * sigma);
      }
      evaluated(batch);
    }
  }
  return {{"defect", defect}, {"distance", distance}};
}

// The best size of each state; measures that do not exist are the worst.
Tensor chosen_sizes(const Tensor& measure, const std::vector<int64_t>& sizes) {
  const Tensor known = measure.nan_to_num(std::numeric_limits<double>::infinity());
  // Of several that are equal, the first.
  const Tensor is_least = known.eq(known.amin({2}, /*keepdim=*/true));
  const Tensor first = is_least.to(torch::kInt64).argmax(2);
  return torch::tensor(sizes, torch::kInt64).index_select(0, first.flatten()).reshape(first.sizes());
}

std::vector<int64_t> sorted_sizes(const Tensor& column) {
  const Tensor values = column.contiguous();
  std::vector<int64_t> sizes(values.const_data_ptr<int64_t>(), values.const_data_ptr<int64_t>() + values.numel());
  std::ranges::sort(sizes);
  return sizes;
}

int64_t commonest(const std::vector<int64_t>& sorted) {
  std::map<int64_t, int64_t> counts;
  for (const int64_t size : sorted) ++counts[size];
  return std::ranges::max_element(counts, {}, [](const auto& item) { return item.second; })->first;
}

void check_candidates(const DenoiserInfo& model, const std::vector<int64_t>& sizes,
                      const std::vector<std::shared_ptr<const Denoiser>>& candidates) {
  check(!sizes.empty() && sizes.size() == candidates.size() && std::ranges::is_sorted(sizes),
        "calibrate: a candidate for each size, rising");
  for (const auto& candidate : candidates) {
    const DenoiserInfo& info = candidate->info();
    if (info.sample_shape == model.sample_shape) continue;
    throw usage_error(
        fmt::format("calibrate: {} is of samples [{}], the model {} of [{}]; give the data it was made for", info.name,
                    join(info.sample_shape, ","), model.name, join(model.sample_shape, ",")));
  }
}

Cell mean_of(const Tensor& column) {
  const Tensor known = column.masked_select(column.isfinite());
  if (known.numel() == 0) return {};
  return known.mean().item<double>();
}

}  // namespace

SizeMeasure parse_measure(const std::string& text) {
  if (text == "cosine") return SizeMeasure::kCosine;
  if (text == "distance") return SizeMeasure::kDistance;
  throw usage_error(fmt::format("unknown measure '{}'; there are: cosine, distance", text));
}

std::string to_string(SizeMeasure measure) { return measure == SizeMeasure::kCosine ? "cosine" : "distance"; }

Calibration calibrate(const Denoiser& model, const std::vector<int64_t>& sizes,
                      const std::vector<std::shared_ptr<const Denoiser>>& candidates, const Solver& solver,
                      const CalibrationOptions& options, const PartStore& parts, Comm& comm) {
  SampleRequest request = options.request;
  check_paths(request, solver, model.info());
  check_candidates(model.info(), sizes, candidates);
  Calibration result;
  result.levels = levels_visited(solver, request.levels, false);
  result.levels.pop_back();  // the end, where the model is not evaluated
  result.sizes = sizes;
  BatchWork work{"scores of every size", std::ssize(request.seeds), path_batch(request, solver), 0, {}, {}};
  work.evaluations = std::ssize(result.levels) * (1 + std::ssize(sizes));
  work.names = {"defect", "distance"};
  work.measure = [&](RowRange rows, Progress& progress) {
    const PathStart start = path_start(request, model.info(), rows);
    request.on_evaluation = {};
    const Path path = run_path(model, solver, request, start);
    progress.advance(rows.size * std::ssize(result.levels));
    return measure_states(path, start.labels, candidates, [&](int64_t samples) { progress.advance(samples); });
  };
  Arrays arrays = measure_batches(work, parts, comm);
  result.cosine = 1 - arrays["defect"];
  result.distance = arrays["distance"];
  result.chosen = chosen_sizes(options.by == SizeMeasure::kCosine ? arrays["defect"] : arrays["distance"], sizes);
  for (int64_t n = 0; n < std::ssize(result.levels); ++n) {
    const auto sorted = sorted_sizes(result.chosen.select(1, n));
    result.median.push_back(sorted[(sorted.size() - 1) / 2]);
    result.mode.push_back(commonest(sorted));
  }
  return result;
}

std::vector<double> published_calibration_levels() {
  std::vector<double> levels;
  for (int64_t i = kPublishedLevels; i > 0; --i) {
    levels.push_back(std::tan(std::numbers::pi / 2 * static_cast<double>(i) / (kPublishedLevels * kPublishedStretch)));
  }
  levels.push_back(0);
  return levels;
}

std::vector<int64_t> published_sizes_up_to(int64_t most) {
  std::vector<int64_t> sizes;
  for (int64_t size = 3; size <= 17 && size <= most; size += 2) sizes.push_back(size);
  return sizes;
}

Table calibration_table(const Calibration& calibration) {
  Table table;
  table.columns = {"sigma", "size", "mode"};
  for (const char* measure : {"cosine", "distance"}) {
    for (const int64_t size : calibration.sizes) table.columns.push_back(fmt::format("{}_{}", measure, size));
  }
  for (size_t n = 0; n < calibration.levels.size(); ++n) {
    std::vector<Cell> row = {calibration.levels[n], calibration.median[n], calibration.mode[n]};
    for (const Tensor* measure : {&calibration.cosine, &calibration.distance}) {
      const Tensor here = measure->select(1, static_cast<int64_t>(n));
      for (int64_t s = 0; s < here.size(1); ++s) row.push_back(mean_of(here.select(1, s)));
    }
    table.add(std::move(row));
  }
  return table;
}

std::string size_table_yaml(const Calibration& calibration, int64_t resolution, const std::string& about) {
  std::vector<std::string> levels;
  for (const double sigma : calibration.levels) levels.push_back(format_double(sigma));
  return fmt::format("# {}\nmatch: nearest-log\nresolution: {}\nexact_from: 0\nsigma: [{}]\nsize: [{}]\n", about,
                     resolution, join(levels, ", "), join(calibration.median, ", "));
}

}  // namespace farfield

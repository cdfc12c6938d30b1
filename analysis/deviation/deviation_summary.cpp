#include "analysis/deviation/deviation_summary.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ops/nanquantile.h>
#include <nlohmann/json.hpp>

#include "analysis/neighbours/neighbour_rows.h"
#include "analysis/stats/ratio_cell.h"
#include "core/io/json.h"

namespace farfield {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kNegligible = 0.005;  // of d2
const std::vector<std::string> kGains = {"gain_denoised", "gain_next", "gain_optimal"};

torch::Tensor present(const torch::Tensor& values) { return values.index({values.isfinite()}); }

std::vector<double> over_levels(const torch::Tensor& values, double (*of)(const torch::Tensor& present)) {
  std::vector<double> results;
  for (int64_t level = 0; level < values.size(1); ++level) {
    const torch::Tensor some = present(values.select(1, level));
    results.push_back(some.numel() == 0 ? kNone : of(some));
  }
  return results;
}

AtLevel largest(const std::vector<double>& values, const std::vector<double>& levels) {
  AtLevel best{kNone, kNone};
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i]) && !(values[i] <= best.value)) best = {values[i], levels[i]};
  }
  return best;
}

std::optional<double> negligible_from(const DeviationSummary& summary, const std::vector<double>& levels) {
  const auto &d1 = summary.curves.at("d1").mean, &d2 = summary.curves.at("d2").mean;
  std::optional<double> from;
  for (size_t i = 0; i + 1 < levels.size() && d1[i] <= kNegligible * d2[i]; ++i) from = levels[i];
  return from;
}

LikelihoodRanking ranking_of(const torch::Tensor& gains) {
  const torch::Tensor some = present(gains);
  return {(some >= 0).to(torch::kFloat64).mean().item<double>(), some.min().item<double>()};
}

NearestSummary nearest_of(const torch::Tensor& distances) {
  const torch::Tensor first = distances.select(1, 0);
  return {average_of(first), (first == 0).to(torch::kFloat64).mean().item<double>()};
}

std::vector<Cell> curve_cells(const Curve& curve, size_t level) {
  return {ratio_cell(curve.mean[level]), ratio_cell(curve.std[level]), ratio_cell(curve.low[level]),
          ratio_cell(curve.high[level])};
}

}  // namespace

DeviationSummary summarise_deviation(const DeviationRun& run) {
  DeviationSummary summary;
  for (const auto& name : deviation_names()) summary.curves[name] = curve_of(run.measures.at(name));
  const torch::Tensor &ratio = run.measures.at("ratio"), &gain = run.measures.at("gain_denoised");
  summary.ratio_q95 = over_levels(ratio,
                                  [](const torch::Tensor& some) { return at::quantile(some, 0.95).item<double>(); });
  summary.ratio_max = over_levels(ratio, [](const torch::Tensor& some) { return some.max().item<double>(); });
  summary.d1 = largest(summary.curves["d1"].mean, run.levels);
  summary.d1_star = largest(summary.curves["d1_star"].mean, run.levels);
  summary.ratio = largest(summary.ratio_max, run.levels);
  const torch::Tensor ratios = present(ratio);
  summary.above_one = ratios.numel() == 0 ? kNone : (ratios > 1).to(torch::kFloat64).mean().item<double>();
  summary.negligible = negligible_from(summary, run.levels);
  for (const auto& name : kGains) {
    const torch::Tensor& gains = run.measures.at(name);
    summary.fractions[name] = over_levels(
        gains, [](const torch::Tensor& some) { return (some >= 0).to(torch::kFloat64).mean().item<double>(); });
    if (present(gains).numel() > 0) summary.ranking[name] = ranking_of(gains);
  }
  if (run.request.bandwidth && run.request.bandwidth->is_sigma()) {
    const torch::Tensor covered = run.measures.at("d1") < run.measures.at("d2");
    summary.broken = covered.logical_and(gain < 0).sum().item<int64_t>();
  }
  summary.nearest = nearest_of(run.neighbours.at("distance"));
  summary.nearest_star = nearest_of(run.neighbours.at("distance_star"));
  return summary;
}

Table deviation_table(const DeviationRun& run, const DeviationSummary& summary) {
  Table table{.columns = {"sigma", "trajectories"}, .rows = {}};
  for (const auto& name : deviation_names()) {
    for (const char* of : {"_mean", "_std", "_low", "_high"}) table.columns.push_back(name + of);
  }
  table.columns.insert(table.columns.end(), {"ratio_q95", "ratio_max"});
  for (const auto& name : kGains) table.columns.push_back(name + "_fraction");
  for (size_t level = 0; level < run.levels.size(); ++level) {
    std::vector<Cell> row = {run.levels[level], static_cast<int64_t>(run.request.sampling.seeds.size())};
    for (const auto& name : deviation_names()) {
      const auto cells = curve_cells(summary.curves.at(name), level);
      row.insert(row.end(), cells.begin(), cells.end());
    }
    row.insert(row.end(), {ratio_cell(summary.ratio_q95[level]), ratio_cell(summary.ratio_max[level])});
    for (const auto& name : kGains) row.push_back(ratio_cell(summary.fractions.at(name)[level]));
    table.add(std::move(row));
  }
  return table;
}

Table neighbour_ends_table(const DeviationRun& run) {
  Table table{.columns = {"trajectory", "seed", "end", "rank", "index", "label", "distance"}, .rows = {}};
  const torch::Tensor labels = run.inputs.subject.data->labels();
  for (const auto& [suffix, end] : {std::pair<std::string, std::string>{"", "model"}, {"_star", "optimal"}}) {
    const Neighbours found{run.neighbours.at("index" + suffix), run.neighbours.at("distance" + suffix)};
    for (int64_t i = 0; i < found.index.size(0); ++i)
      add_neighbour_rows(found, i, labels, {i, run.request.sampling.seeds[static_cast<size_t>(i)], end}, table);
  }
  return table;
}

std::string deviation_summary_json(const DeviationRun& run, const DeviationSummary& summary) {
  using nlohmann::ordered_json;
  const auto number = [](double value) { return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr); };
  ordered_json json = {
      {"trajectories", run.request.sampling.seeds.size()}, {"levels", run.levels.size()}, {"nfe", run.nfe}};
  const auto add = [&](const std::string& name, const AtLevel& at) {
    json[name] = number(at.value);
    json[name + "_sigma"] = number(at.sigma);
  };
  add("d1_max", summary.d1);
  add("d1_star_max", summary.d1_star);
  add("ratio_max", summary.ratio);
  json["ratio_above_one"] = number(summary.above_one);
  json["negligible_from"] = summary.negligible ? number(*summary.negligible) : ordered_json(nullptr);
  json["end_difference"] = number(summary.curves.at("difference").mean.back());
  for (const auto& name : kGains) {
    const auto found = summary.ranking.find(name);
    json[name + "_fraction"] = found == summary.ranking.end() ? ordered_json(nullptr) : number(found->second.fraction);
  }
  json["bandwidth"] = run.request.bandwidth ? run.request.bandwidth->text() : "none";
  json["nearest"] = number(summary.nearest.distance.mean);
  json["nearest_optimal"] = number(summary.nearest_star.distance.mean);
  json["copies"] = number(summary.nearest.copies);
  json["copies_optimal"] = number(summary.nearest_star.copies);
  return dump_json(json, 2) + "\n";
}

}  // namespace farfield

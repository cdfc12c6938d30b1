#include "analysis/smoothing/smoothing_output.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/smoothing/smoothing_figures.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

std::string smoothing_summary(const SmoothingRun& run) {
  const SmoothingOptions& options = run.options;
  const EvenPoints line = options.line();
  const std::vector<double> weights = line.end_weights(options.start_time, options.kappa);
  double rest = 1;
  for (const double weight : weights) rest -= weight;
  ordered_json summary = {{"half_gap", line.half_gap()},
                          {"tau_start", line.smoothing_at(options.start_time, options.kappa)},
                          {"point_masses", weights},
                          {"density_mass", rest},
                          {"uniform_divergence", line.uniform_divergence(options.start_time, options.kappa)},
                          {"loss_limit", loss_limit(options.kappa)}};
  for (const SmoothingProcess& process : run.processes) {
    summary[process.name] = {{"variance_across", process.variance_across},
                             {"nearest", process.nearest},
                             {"on_points", process.on_points},
                             {"to_flow", process.to_flow},
                             {"apart", process.apart},
                             {"divergence", process.divergence}};
  }
  if (run.decay) {
    for (const DecayedScore& one : run.decay->scores) {
      summary["decay"].push_back({{"weight_decay", one.weight_decay},
                                  {"smoothing", one.smoothing},
                                  {"document", one.picked},
                                  {"residual", one.residual}});
    }
  }
  return dump_json(summary, 2) + "\n";
}

const std::vector<FigureRow<SmoothingRun>>& smoothing_figure_rows() {
  static const std::string kScores = "Scores", kProcesses = "The processes", kTheory = "What the theory says";
  static const std::vector<FigureRow<SmoothingRun>> rows = {
      {kScores, score_figure, "scores.csv", "the scores at t0 over x"},
      {kProcesses, scatter_figure},
      {kProcesses, density_figure, "densities.csv", "histograms of the ends' first coordinate"},
      {kProcesses, process_figure, "processes.csv", "measures of the ends of every process"},
      {"What a network learns", decay_figure, "decay.csv",
       "scores learned with weight decay, and the smoothed ones nearest to them"},
      {kTheory, divergence_figure, "divergences.csv", "divergence of the uniform density over t0"},
      {kTheory, loss_figure, "losses.csv", "loss of smoothing over t, and its limit"},
  };
  return rows;
}

}  // namespace

std::string smoothing_headline(const SmoothingRun& run) {
  return fmt::format(
      "Of {} starts the empirical score takes {} onto a data point, the smoothed score {}; the others end between the points.",
      run.options.starts, format_digits(run.processes[0].on_points, 3), format_digits(run.processes[1].on_points, 3));
}

void save_smoothing(const SmoothingRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const SmoothingOptions& options = run.options;
  const Facts asked = {{"points", fmt::format("{} evenly on ±{} of the first axis in {} dimensions", options.points,
                                              options.extent, options.dimension)},
                       {"smoothing", fmt::format("τ = Δ − √(κt), κ = {}", options.kappa)},
                       {"process", fmt::format("from t0 = {}, Euler in √t with step {}, {} starts, seed {}",
                                               options.start_time, options.step, options.starts, options.seed)},
                       {"drawn", options.draws == 0 ? "nothing"
                                                    : fmt::format("{} scores a start and step, cut to a length of {}",
                                                                  options.draws, options.clip)},
                       {"learned", fmt::format("{} steps over t, {} with weight decay, {} hidden units",
                                               options.learned_steps, options.decay_steps, options.hidden)}};
  const Facts settings = {{"time", format_seconds(call.seconds)}, {"program", version_line()}};
  Report report("farfield smoothing", "What smoothing the score does to generated samples", smoothing_headline(run),
                {call.command, asked, settings});
  add_figures(report, smoothing_figure_rows(), run, folder);
  std::map<std::string, torch::Tensor> arrays = {{"times", torch::tensor(run.times, torch::kFloat64)},
                                                 {"points", torch::tensor(options.line().points(), torch::kFloat64)},
                                                 {"bins", torch::tensor(run.bins, torch::kFloat64)}};
  for (const SmoothingProcess& process : run.processes) arrays[process.name] = process.snapshots;
  write_npz(folder.path("smoothing.npz"), arrays);
  report.file("smoothing.npz", "the states of every start at three times");
  write_file_atomically(folder.path("summary.json"), smoothing_summary(run));
  report.file("summary.json", "masses, divergence and the measures of every process");
  report.write(folder.path("report.html"));
  info.add_text("headline", smoothing_headline(run));
  folder.commit(std::move(info));
}

}  // namespace farfield

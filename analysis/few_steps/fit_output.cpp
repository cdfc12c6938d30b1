#include "analysis/few_steps/fit_output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/few_steps/fit_figures.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/text.h"
#include "samplers/budgets.h"
#include "samplers/solvers/table_file.h"

namespace farfield {
namespace {

const std::vector<FigureRow<SolverFitRun>>& solver_fit_figures() {
  static const std::vector<FigureRow<SolverFitRun>> rows = {
      {"What was gained", rivals_figure, "rivals.csv",
       "fitted tables, their starts and known solvers on the held-out seeds"},
      {"What was gained", updates_figure, "updates.csv", "distances over the updates"},
      {"What was learned", places_figure, "places.csv", "every evaluation of the fitted tables"}};
  return rows;
}

std::string learner_word(const FitSettings& settings) {
  if (settings.method == "epd") return fmt::format("epd, {} midpoints in parallel", settings.points);
  return settings.method + ", " + settings.solver;
}

Facts fit_facts(const SolverFitRun& run) {
  const SolverFitOptions& options = run.options;
  Facts facts = {{"model", run.model + " (SHA-256 " + run.model_sha256 + ")"},
                 {"method", learner_word(options.settings) + (options.settings.afs ? ", first value analytical" : "")},
                 {"evaluations", join(parse_nfe(options.nfe), ", ")},
                 {"schedule", options.schedule.schedule + ", where the fit begins"},
                 {"learned from", "seeds " + options.seeds},
                 {"held out", "seeds " + options.held_out},
                 {"teacher", fmt::format("{}, {} steps{}", options.teacher.solver, options.teacher.steps,
                                         run.teacher.reused ? ", as an earlier fit left it" : "")}};
  if (options.label) facts.emplace_back("class", std::to_string(*options.label));
  return facts;
}

std::string fit_config(const SolverFitRun& run, const RunCall& call) {
  const FitSettings& settings = run.options.settings;
  return dump_json(nlohmann::ordered_json{{"model", run.model},
                                          {"method", settings.method},
                                          {"solver", settings.solver},
                                          {"points", settings.points},
                                          {"afs", settings.afs},
                                          {"scale_direction", settings.direction},
                                          {"scale_time", settings.time},
                                          {"iterations", settings.iterations},
                                          {"batch", settings.batch},
                                          {"rate", settings.rate},
                                          {"nfe", run.options.nfe},
                                          {"schedule", run.options.schedule.schedule},
                                          {"seeds", run.options.seeds},
                                          {"held_out", run.options.held_out},
                                          {"teacher", run.options.teacher.solver},
                                          {"teacher_steps", run.options.teacher.steps},
                                          {"device", call.device},
                                          {"precision", run.precision}});
}

std::string table_name(const FitRecord& fit) { return fmt::format("table-{}.json", fit.nfe); }

void write_squares(const SolverFitRun& run, const RunFolder& folder) {
  std::map<std::string, torch::Tensor> arrays;
  for (const FitRecord& fit : run.fits) {
    arrays[fmt::format("start_{}", fit.nfe)] = fit.start_squares;
    arrays[fmt::format("fitted_{}", fit.nfe)] = fit.fitted_squares;
  }
  write_npz(folder.path("fit.npz"), arrays);
}

}  // namespace

TableFile table_file_of(const SolverFitRun& run, const FitRecord& fit) {
  return {learner_word(fit.settings), run.model, run.model_sha256, fit.improved ? fit.fitted : fit.start};
}

std::string fit_headline(const SolverFitRun& run) {
  std::vector<std::string> words;
  for (const FitRecord& fit : run.fits) {
    const double start = rms_error(fit.start_squares).rms, end = rms_error(fit.fitted_squares).rms;
    words.push_back(fit.improved ? fmt::format("{} evaluations: rms {} instead of {}", fit.nfe, format_digits(end, 3),
                                               format_digits(start, 3))
                                 : fmt::format("{} evaluations: nothing better than the start, which is kept (rms {})",
                                               fit.nfe, format_digits(start, 3)));
  }
  return fmt::format("{}, on {} held-out seeds. {}.", learner_word(run.options.settings),
                     run.fits.front().fitted_squares.numel(), join(words, "; "));
}

Table fit_table(const SolverFitRun& run) {
  Table table{.columns = {"nfe", "method", "steps", "depth", "parameters", "start_rms", "rms", "rms_low", "rms_high",
                          "improved", "seconds", "table"},
              .rows = {}};
  for (const FitRecord& fit : run.fits) {
    const RmsError start = rms_error(fit.start_squares), end = rms_error(fit.fitted_squares);
    table.add({fit.nfe, learner_word(fit.settings), std::ssize(fit.fitted.steps), table_counts(fit.fitted).depth,
               fit.parameters, start.rms, end.rms, end.low, end.high, std::string(fit.improved ? "yes" : "no"),
               fit.seconds, table_name(fit)});
  }
  return table;
}

std::string save_solver_fit(const SolverFitRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const std::string headline = fit_headline(run);
  Report report("farfield solver fit", "Learned solvers of few steps for " + run.model, headline,
                {call.command,
                 fit_facts(run),
                 {{"updates", fmt::format("{} of {} trajectories, rate {}", run.options.settings.iterations,
                                          run.options.settings.batch, format_double(run.options.settings.rate))},
                  {"device and precision", call.device + ", " + run.precision},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}}});
  for (const FitRecord& fit : run.fits) {
    write_file_atomically(folder.path(table_name(fit)), serialize_table(table_file_of(run, fit)));
    report.file(table_name(fit), fmt::format("the solver of {} evaluations: --solver table:FILE", fit.nfe));
  }
  write_csv(folder.path("fit.csv"), fit_table(run));
  report.file("fit.csv", "what every fit began and ended with");
  write_squares(run, folder);
  report.file("fit.npz", "the mean square of every held-out seed");
  write_teacher(run.teacher, folder);
  report.file("teacher.npz", "where the teacher leads every seed: --ends takes this folder");
  report.file("teacher.json", "what decides the teacher");
  add_figures(report, solver_fit_figures(), run, folder);
  report.write(folder.path("report.html"));
  info.add("config", fit_config(run, call));
  info.add_text("headline", headline);
  folder.commit(std::move(info));
  return headline;
}

}  // namespace farfield

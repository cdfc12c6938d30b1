#include "analysis/jump/jump_report.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/page/strips.h"
#include "analysis/paths/curve.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr const char* kStateLabel = "state x";
constexpr const char* kJumpLabel = "jump D";

struct JumpPage {
  const Jump& jump;
  const std::optional<Slopes>& slopes;
  const JumpStory& story;
};

// State and jump over the evaluations that each takes, and over the noise level.
std::vector<Chart> jump_charts(const Jump& jump, const torch::Tensor& x, const torch::Tensor& d,
                               const std::string& what) {
  const std::vector<SeriesStyle> styles = series_styles({"network", "jump"});
  const Curve of_x = curve_of(x), of_d = curve_of(d);
  const std::vector<Series> over_sigma = {curve_series(kStateLabel, styles[0], jump.levels, of_x),
                                          curve_series(kJumpLabel, styles[1], jump.levels, of_d)};
  std::vector<double> nfe_x, nfe_d;
  for (const int64_t calls : jump.nfe) {
    nfe_x.push_back(static_cast<double>(calls));
    nfe_d.push_back(static_cast<double>(calls + 1));
  }
  const std::vector<Series> over_nfe = {curve_series(kStateLabel, styles[0], nfe_x, of_x),
                                        curve_series(kJumpLabel, styles[1], nfe_d, of_d)};
  const auto chart = [&](const Axis& axis, const std::vector<Series>& lines) {
    return line_chart({axis, {{{what, Scale::kLog, {}}, lines, {}, 260}}});
  };
  const std::string ends = fmt::format("; at the start x {} and D {}", format_digits(of_x.mean.front(), 3),
                                       format_digits(of_d.mean.front(), 3));
  return {{chart({"evaluations (NFE)", Scale::kLinear, {}}, over_nfe), what + " over the evaluations" + ends + "."},
          {chart(sigma_axis(jump.levels), over_sigma), what + " over the noise level" + ends + "."}};
}

Table jump_numbers(const Jump& jump, const torch::Tensor& x, const torch::Tensor& d) {
  const Curve of_x = curve_of(x), of_d = curve_of(d);
  Table table;
  table.columns = {"σ", "NFE of x", "x", "95 % interval", "NFE of D", "D", "95 % interval of D"};
  for (size_t n = 0; n < jump.levels.size(); ++n) {
    const auto cells = [&](const Curve& curve) -> std::pair<Cell, Cell> {
      if (n >= curve.mean.size()) return {};
      return {format_measured(curve.mean[n], curve.low[n], curve.high[n]),
              fmt::format("{} to {}", format_measured(curve.low[n], curve.low[n], curve.high[n]),
                          format_measured(curve.high[n], curve.low[n], curve.high[n]))};
    };
    const auto [x_mean, x_interval] = cells(of_x);
    const auto [d_mean, d_interval] = cells(of_d);
    table.add({format_sigma(jump.levels[n]), jump.nfe[n], x_mean, x_interval,
               n < of_d.mean.size() ? Cell(jump.nfe[n] + 1) : Cell(), d_mean, d_interval});
  }
  return table;
}

std::string how_run(const JumpPage& page) {
  const Jump& jump = page.jump;
  return fmt::format(
      "{} over {} steps, {} trajectories; x_n takes the evaluations that led to it, D_n = D(x_n; σ_n) one "
      "more, all from one run. Bands are 95 % bootstrap intervals over trajectories.{}",
      page.story.solver, jump.levels.size() - 1, jump.distance_x.size(0),
      page.story.space == PathSpace::kVp ? " States in the VP view, x / √(1 + σ²)." : "");
}

// What 000 claims (observation 2, figure 9), and whether it holds here.
std::string nearer_words(const JumpSummary& summary) {
  if (summary.jump_farther.empty())
    return "D is nearer to the final sample than x at every level, as 000 (figure 9) has it";
  std::vector<std::string> levels;
  for (const double sigma : summary.jump_farther) levels.push_back(format_sigma(sigma));
  return "D is nearer to the final sample than x (000, figure 9) except at σ = " + join(levels, ", ");
}

std::optional<Figure> distance_figure(const JumpPage& page) {
  const Jump& jump = page.jump;
  const Curve x = curve_of(jump.distance_x), d = curve_of(jump.distance_d);
  Figure figure;
  figure.title = jump_headline(jump);
  figure.caption = fmt::format(
      "‖x_n − x_N‖ and ‖D_n − x_N‖, x_N the final sample. {}. At the start x is {} away and D {}; 000 reports 4428 and 26 "
      "for its CIFAR-10 network. {}",
      nearer_words(summarise(jump)), format_digits(x.mean.front(), 4), format_digits(d.mean.front(), 3), how_run(page));
  figure.charts = jump_charts(jump, jump.distance_x, jump.distance_d, "distance to the final sample");
  figure.numbers = jump_numbers(jump, jump.distance_x, jump.distance_d);
  figure.data_file = "jump.csv";
  return figure;
}

std::optional<Figure> neighbour_figure(const JumpPage& page) {
  const Jump& jump = page.jump;
  if (!jump.neighbour_x.defined()) return std::nullopt;
  const Curve x = curve_of(jump.neighbour_x), d = curve_of(jump.neighbour_d);
  Figure figure;
  figure.title = fmt::format("The nearest of the data is {} away from the final sample, and {} from the first jump",
                             format_measured(x.mean.back(), x.low.back(), x.high.back()),
                             format_measured(d.mean.front(), d.low.front(), d.high.front()));
  figure.caption = fmt::format("Distance of x_n and of D_n from the nearest point of {}. {}", page.story.data,
                               how_run(page));
  figure.charts = jump_charts(jump, jump.neighbour_x, jump.neighbour_d, "distance to the nearest data point");
  figure.numbers = jump_numbers(jump, jump.neighbour_x, jump.neighbour_d);
  figure.data_file = "jump.csv";
  return figure;
}

std::optional<Figure> frechet_figure(const JumpPage& page) {
  const Jump& jump = page.jump;
  if (!jump.frechet) return std::nullopt;
  const JumpFrechet& found = *jump.frechet;
  const std::vector<SeriesStyle> styles = series_styles({"network", "jump"});
  Series x{kStateLabel, styles[0], {}, found.x, {}, {}}, d{kJumpLabel, styles[1], {}, found.d, {}, {}};
  Figure figure;
  figure.numbers.columns = {"σ", "NFE of x", "x", "NFE of D", "D"};
  for (size_t n = 0; n < jump.levels.size(); ++n) {
    x.x.push_back(static_cast<double>(jump.nfe[n]));
    std::vector<Cell> row = {format_sigma(jump.levels[n]), jump.nfe[n], format_digits(found.x[n], 4)};
    if (n < found.d.size()) {
      d.x.push_back(static_cast<double>(jump.nfe[n] + 1));
      row.emplace_back(jump.nfe[n] + 1);
      row.emplace_back(format_digits(found.d[n], 4));
    }
    row.resize(figure.numbers.columns.size());
    figure.numbers.add(std::move(row));
  }
  figure.title = fmt::format("The Fréchet distance from the data ends at {}; the last jump is {} away",
                             format_digits(found.x.back(), 4), format_digits(found.d.back(), 4));
  figure.caption = fmt::format(
      "Fréchet distance of x_n and of D_n from {} samples of {}, over {} trajectories, in features {}. {}", found.data,
      page.story.data, found.trajectories, words_of(found.contract),
      found.trajectories <= found.contract.dim ? "Fewer trajectories than features: it is mostly bias." : "");
  figure.charts = {{line_chart({{"evaluations (NFE)", Scale::kLinear, {}},
                                {{{"Fréchet distance", Scale::kLog, {}}, {x, d}, {}, 260}}}),
                    figure.title + "."}};
  figure.data_file = "jump.csv";
  return figure;
}

std::vector<Picture> jump_pictures(const Jump& jump, const std::vector<int64_t>& seeds) {
  std::vector<std::string> captions;
  for (const int64_t level : jump.shown_levels) captions.push_back(std::to_string(jump.nfe[level] + 1));
  std::vector<Picture> pictures;
  for (const int64_t row : jump.shown_rows) {
    auto picture = strip_picture({fmt::format("seed {}", seeds[row]),
                                  "NFE of D",
                                  captions,
                                  {{"state x", jump.views.x[row]}, {"jump D", jump.views.denoised[row]}}});
    if (picture) pictures.push_back(std::move(*picture));
  }
  return pictures;
}

std::optional<Figure> jump_strips_figure(const JumpPage& page) {
  const Jump& jump = page.jump;
  if (jump.shown_rows.empty()) return std::nullopt;
  Figure figure;
  figure.title = "What the jump shows, below what sampling has reached";
  figure.caption =
      "Above x_n, shown as x / √(1 + σ²) so that it is of the data's size; below the jump D_n from there. Columns are named "
      "by the evaluations of the jump; each state takes one less.";
  figure.pictures = jump_pictures(jump, page.story.seeds);
  return figure;
}

// The mean over trajectories and levels of a solver's error.
double mean_error(const Slopes& slopes, int64_t solver) {
  const torch::Tensor errors = slopes.error.select(1, solver);
  return errors.masked_select(errors.isfinite()).mean().item<double>();
}

std::string slope_title(const Slopes& slopes) {
  std::vector<std::string> words;
  for (size_t s = 0; s < slopes.solvers.size(); ++s) {
    words.push_back(slopes.solvers[s] + " " + format_digits(mean_error(slopes, static_cast<int64_t>(s)), 2));
  }
  return "How far each solver's dD/dσ is from the true one, on average: " + join(words, ", ");
}

std::optional<Figure> slope_figure(const JumpPage& page) {
  if (!page.slopes || page.slopes->levels.size() < 2) return std::nullopt;
  const Slopes& slopes = *page.slopes;
  const std::vector<SeriesStyle> styles = series_styles(slopes.solvers);
  std::vector<Series> lines;
  for (size_t s = 0; s < slopes.solvers.size(); ++s) {
    const Curve curve = curve_of(slopes.error.select(1, static_cast<int64_t>(s)).contiguous());
    lines.push_back(curve_series(slopes.solvers[s], styles[s], slopes.levels, curve));
  }
  Figure figure;
  figure.title = slope_title(slopes);
  figure.caption = fmt::format(
      "Each step is x_(n+1) = (σ'/σ) x_n + (1 − σ'/σ) R_n; a solver of order two takes dD/dσ to be 2 (R_n − D_n) / (σ' − "
      "σ), Euler's (DDIM's) is 0 (001, proposition 4.1 and table 5, whose row of Heun's method has D at x'_(n+1) and at x_n: "
      "the second prime printed there is one too many). The error is relative to the three-point derivative of D at σ_n along "
      "an accurate path, {} trajectories, each solver along its own. Far from the data D − mean falls like 1/σ, and Heun's "
      "slope is (σ/σ')² times the true one: long steps are no small thing there. Bands are 95 % bootstrap intervals. The "
      "step to 0 has no slope.",
      slopes.error.size(0));
  figure.charts = {
      {line_chart({sigma_axis(slopes.levels), {{{"relative error of dD/dσ", Scale::kLog, {}}, lines, {1}, 280}}}),
       slope_title(slopes) + "."}};
  figure.numbers = slope_table(slopes);
  figure.data_file = "slopes.csv";
  return figure;
}

const std::vector<FigureRow<JumpPage>>& jump_figures() {
  static const std::vector<FigureRow<JumpPage>> rows = {
      {"Distance to the final sample", distance_figure},
      {"Distance to the data", neighbour_figure},
      {"Distance to the data", frechet_figure},
      {"Strips", jump_strips_figure},
      {"Slopes of the denoising trajectory", slope_figure},
  };
  return rows;
}

nlohmann::ordered_json optional_number(const std::optional<int64_t>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

std::string jump_summary_json(const Jump& jump) {
  const JumpSummary summary = summarise(jump);
  return dump_json(nlohmann::ordered_json{{"trajectories", jump.distance_x.size(0)},
                                          {"nfe", jump.nfe.back()},
                                          {"half_distance", summary.half_distance},
                                          {"nfe_jump", optional_number(summary.nfe_jump)},
                                          {"nfe_state", optional_number(summary.nfe_state)},
                                          {"jump_farther", summary.jump_farther}},
                   2) +
         "\n";
}

// Per trajectory [rows of the table, n]; NFE and levels.
void write_jump_arrays(const Jump& jump, const std::optional<Slopes>& slopes, const std::vector<int64_t>& seeds,
                       const RunFolder& folder) {
  std::map<std::string, torch::Tensor> arrays = {{"sigmas", torch::tensor(jump.levels, torch::kFloat64)},
                                                 {"nfe", torch::tensor(jump.nfe, torch::kInt64)},
                                                 {"seeds", torch::tensor(seeds, torch::kInt64)},
                                                 {"distance_x", jump.distance_x.t().contiguous()},
                                                 {"distance_d", jump.distance_d.t().contiguous()}};
  if (jump.neighbour_x.defined()) {
    arrays["neighbour_x"] = jump.neighbour_x.t().contiguous();
    arrays["neighbour_d"] = jump.neighbour_d.t().contiguous();
  }
  if (jump.frechet) {
    arrays["frechet_x"] = torch::tensor(jump.frechet->x, torch::kFloat64);
    arrays["frechet_d"] = torch::tensor(jump.frechet->d, torch::kFloat64);
  }
  if (!jump.shown_rows.empty()) {
    arrays["strip_levels"] = torch::tensor(jump.shown_levels, torch::kInt64);
    arrays["strip_states"] = jump.views.x;
    arrays["strip_denoised"] = jump.views.denoised;
  }
  if (slopes) {
    arrays["slope_error"] = slopes->error.permute({1, 2, 0}).contiguous();
    arrays["slope_size"] = slopes->size.t().contiguous();
  }
  write_npz(folder.path("jump.npz"), arrays);
}

}  // namespace

std::string jump_headline(const Jump& jump) {
  const JumpSummary summary = summarise(jump);
  if (!summary.nfe_jump || !summary.nfe_state) {
    return fmt::format(
        "In {} evaluations the jump does not come within half of its first distance from the final sample.",
        jump.nfe.back());
  }
  return fmt::format(
      "The jump is within {}, half of its first distance, of the final sample after {} of {} evaluations; the state itself "
      "after {}.",
      format_digits(summary.half_distance, 3), *summary.nfe_jump, jump.nfe.back(), *summary.nfe_state);
}

void write_jump(const Jump& jump, const std::optional<Slopes>& slopes, const JumpStory& story,
                const RunFolder& folder) {
  write_csv(folder.path("jump.csv"), jump_table(jump));
  if (slopes) write_csv(folder.path("slopes.csv"), slope_table(*slopes));
  write_jump_arrays(jump, slopes, story.seeds, folder);
  write_file_atomically(folder.path("summary.json"), jump_summary_json(jump));
  Report report("farfield jump", "Jumping to the end from every step of " + story.model, jump_headline(jump),
                story.how);
  report.file("jump.csv", "every number of the charts");
  report.file("jump.npz", "the distances of every trajectory, and what the strips show");
  report.file("summary.json", "the answer's numbers");
  if (slopes) report.file("slopes.csv", "how far each solver's slope of D is from the true one");
  add_figures(report, jump_figures(), {jump, slopes, story}, folder);
  report.write(folder.path("report.html"));
}

}  // namespace farfield

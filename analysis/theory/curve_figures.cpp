#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/theory/gaussian_curves.h"
#include "analysis/theory/rotation.h"
#include "analysis/theory/theory_figures.h"
#include "analysis/theory/theory_tables.h"

namespace farfield {
namespace {

constexpr size_t kRowsOnThePage = 20;
constexpr double kFaintest = 1e-8;  // of the first eigenvalue: below it nothing is drawn

using OfPoint = std::function<double(double eigenvalue, const ProcessPoint& point)>;

std::string eigenvalue_label(const TheoryRun& run, size_t k) {
  const std::string value = "λ = " + format_digits(run.eigenvalues[k], 2);
  return k < run.curve_components.size() ? fmt::format("{} (component {})", value, run.curve_components[k]) : value;
}

Panel panel_over_process(const TheoryRun& run, const std::string& title, Scale scale, const OfPoint& value) {
  std::vector<std::string> labels;
  for (size_t k = 0; k < run.eigenvalues.size(); ++k) labels.push_back(eigenvalue_label(run, k));
  const std::vector<SeriesStyle> styles = series_styles(labels);
  Panel panel{{title, scale, {}}, {}, {}, 170};
  for (size_t k = 0; k < run.eigenvalues.size(); ++k) {
    Series series{labels[k], styles[k], {}, {}, {}, {}};
    for (size_t i = run.process.points.size(); i-- > 0;) {
      const ProcessPoint& point = run.process.points[i];
      if (i % 3 != 0 && i + 1 != run.process.points.size()) continue;
      series.x.push_back(point.time);
      series.y.push_back(value(run.eigenvalues[k], point));
    }
    panel.series.push_back(std::move(series));
  }
  return panel;
}

Panel scales_panel(const TheoryRun& run) {
  const std::vector<SeriesStyle> styles = series_styles({"signal", "noise"});
  Series signal{"α²", styles[0], {}, {}, {}, {}}, noise{"s²", styles[1], {}, {}, {}, {}};
  for (size_t i = 0; i < run.process.points.size(); i += 3) {
    const ProcessPoint& point = run.process.points[i];
    signal.x.push_back(point.time), signal.y.push_back(point.scale.alpha * point.scale.alpha);
    noise.x.push_back(point.time), noise.y.push_back(point.scale.s * point.scale.s);
  }
  return {{"signal and noise", Scale::kLinear, {}}, {signal, noise}, {}, 120};
}

LineChart exploding_chart(const TheoryRun& run) {
  const NoiseScale start = run.process.start();
  std::vector<double> sigmas;
  for (const ProcessPoint& point : run.process.points) sigmas.push_back(point.time);
  const auto share = [](double l, const ProcessPoint& point) { return amplification(l, point.scale); };
  const auto slope = [&](double l, const ProcessPoint& point) {
    return l > 0 ? -point.time * xi_slope_ve(l, point.time, start.s) / xi(l, ve_scale(0), start) : 0;
  };
  const auto state = [&](double l, const ProcessPoint& point) { return psi(l, point.scale, start); };
  return {
      sigma_axis(sigmas),
      {panel_over_process(run, "ψ: the state along a component", Scale::kLog, state),
       panel_over_process(run, "ξ/ξ(0): its feature in D, and what a perturbation here becomes", Scale::kLinear, share),
       panel_over_process(run, "−d(ξ/ξ(0))/d ln σ", Scale::kLinear, slope)}};
}

LineChart preserving_chart(const TheoryRun& run) {
  const NoiseScale start = run.process.start();
  const Axis time = {run.process.name == "vp" ? "time t" : "step of DDPM", Scale::kLinear, {}};
  return {time,
          {scales_panel(run),
           panel_over_process(run, "ψ̄: the state along a component", Scale::kLinear,
                              [&](double l, const ProcessPoint& point) { return psi(l, point.scale, start); }),
           panel_over_process(run, "ξ̄/√λ: its feature in D", Scale::kLinear,
                              [&](double l, const ProcessPoint& point) {
    return l > 0 ? xi(l, point.scale, start) / std::sqrt(l) : std::nan("");
  }),
           panel_over_process(run, "−d(ξ̄/√λ)/dt", Scale::kLinear,
                              [&](double l, const ProcessPoint& point) { return -xi_rate(l, run.process, point); }),
           panel_over_process(run, "what a perturbation here becomes", Scale::kLog,
                              [](double l, const ProcessPoint& point) { return amplification(l, point.scale); })}};
}

Table first_rows(Table table) {
  if (table.rows.size() > kRowsOnThePage) table.rows.resize(kRowsOnThePage);
  return table;
}

// The components that hold half of the variance.
const EmergenceRow* half_of(const TheoryRun& run) {
  const auto row = std::find_if(run.emergence.begin(), run.emergence.end(),
                                [](const EmergenceRow& one) { return one.share >= 0.5; });
  return row == run.emergence.end() ? nullptr : &*row;
}

}  // namespace

std::string words_of_path(const std::string& path) { return path == "model" ? "the model" : "the Gaussian"; }

std::optional<Figure> curves_figure(const TheoryRun& run) {
  const double first = std::sqrt(run.eigenvalues.front()), last = std::sqrt(run.eigenvalues.back());
  const bool exploding = run.process.exploding();
  Figure figure;
  figure.title = run.eigenvalues.size() == 1
                     ? fmt::format("The feature appears at σ = √λ = {}", format_digits(first, 3))
                     : fmt::format(
                           "Features appear in the order of their variance, each at σ = √λ: the first of these "
                           "at {}, the last at {}",
                           format_digits(first, 3), format_digits(last, 3));
  figure.caption =
      exploding
          ? "Closed form of a Gaussian from the first level on. ξ/ξ(0) = √(λ/(λ + σ²)) is also the factor by which a "
            "perturbation at σ is found in the sample: what is not yet written can still be changed. It is 1/√2 at √λ, and "
            "steepest over ln σ at √(2λ). (002, Fig 3 B–E, in variance-exploding scales.)"
          : "Closed form of a Gaussian in variance-preserving scales, α² + s² = 1 (002, Fig 3 A–E). A feature changes most "
            "near α = 1/√(1 + λ), where σ = s/α = √λ. (Eq. 18 and 19 print I − UᵀU for what lies off the manifold; I − UUᵀ is meant.)";
  figure.charts = {
      {line_chart(exploding ? exploding_chart(run) : preserving_chart(run)),
       fmt::format("Curves of {} eigenvalues over the process {}.", run.eigenvalues.size(), run.process.name)}};
  figure.data_file = "theory.csv";
  figure.numbers = first_rows(curves_table(run));
  return figure;
}

std::optional<Figure> emergence_figure(const TheoryRun& run) {
  const EmergenceRow* half = half_of(run);
  if (run.emergence.size() < 2 || half == nullptr) return std::nullopt;
  Series levels{"√λ", series_style("gaussian"), {}, {}, {}, {}}, share = levels;
  share.label = "share";
  for (const EmergenceRow& row : run.emergence) {
    if (row.component == 0 || row.eigenvalue <= kFaintest * run.emergence.front().eigenvalue) continue;
    levels.x.push_back(static_cast<double>(row.component)), levels.y.push_back(row.levels.half_power);
    share.x.push_back(static_cast<double>(row.component)), share.y.push_back(row.share);
  }
  Panel appear{{"σ at which it appears", Scale::kLog, {}}, {levels}, {}, 200};
  for (const double level : run.options.request.levels) {
    if (level > 0) appear.guides.push_back(level);
  }
  Figure figure;
  const auto count = half->component > 0 ? fmt::format("{} of {} components", half->component, run.gaussian.dim())
                                         : std::string("all components of the basis and those outside");
  figure.title = fmt::format("Half of the variance is in {}, which appear above σ = {}", count,
                             format_digits(half->levels.half_power, 3));
  figure.caption =
      "A component of variance λ appears at σ = √λ; the thin lines are the levels of the run, so that a step and what it "
      "decides can be read off (column step of the file). Below: the share of the variance that has appeared.";
  figure.charts = {
      {line_chart(
           {{"component", Scale::kLog, {}},
            {appear, {{"cumulative share of variance", Scale::kLinear, std::pair{0.0, 1.0}}, {share}, {0.5}, 110}}}),
       "The root of the eigenvalue over the number of the component, with the levels of the run."}};
  figure.data_file = "emergence.csv";
  figure.numbers = first_rows(emergence_table(run.emergence));
  return figure;
}

std::optional<Figure> deficit_figure(const TheoryRun&) {
  const std::vector<SeriesStyle> styles = series_styles({"least", "right", "printed"});
  Series least{"largest |J|", styles[0], {}, {}, {}, {}}, right{"√(λ/(1 + λ)), a bound", styles[1], {}, {}, {}, {}};
  Series printed{"eq. 107, none", styles[2], {}, {}, {}, {}};
  Table table{.columns = {"eigenvalue", "alpha", "largest_deficit", "bound", "printed_bound"}, .rows = {}};
  for (int i = -8; i <= 16; ++i) {
    const double l = std::pow(10, i / 4.0);
    const LeastDeficit deficit = least_rotation_deficit(l);
    for (Series* series : {&least, &right, &printed}) series->x.push_back(l);
    least.y.push_back(-deficit.value);
    right.y.push_back(deficit_bound(l));
    printed.y.push_back(printed_deficit_bound(l));
    table.add({l, deficit.alpha, -deficit.value, deficit_bound(l), printed_deficit_bound(l)});
  }
  Figure figure;
  figure.title = fmt::format(
      "The bound printed for the rotation's error is none: at λ = 100 it says {}, and {} is missing",
      format_digits(printed_deficit_bound(100), 3), format_digits(-least_rotation_deficit(100).value, 3));
  figure.caption =
      "J = √(s² + λα²) − α√λ − s is what a rotation misses along a component, a unit coefficient of x_T. Eq. 107 of 002 "
      "prints 2(1 − √½)√(λ/(λ + 1)) as its largest size; that is its size at α = 1/√(1 + λ), the largest for λ = 1 alone and "
      "too small for every other λ. Eq. 22 lacks a factor of 4 against appendix D.4.2 besides, and norms that are called "
      "about 1 there are so in units of √d. What holds is "
      "|J| ≤ min(α√λ, s) ≤ √(λ/(1 + λ)).";
  figure.charts = {{line_chart({{"eigenvalue λ", Scale::kLog, {}},
                                {{{"missing at the worst α", Scale::kLog, {}}, {right, least, printed}, {}, 220}}}),
                    "The largest deficit lies between the bound and the printed one for every eigenvalue but 1."}};
  figure.numbers = std::move(table);
  return figure;
}

}  // namespace farfield

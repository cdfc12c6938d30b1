#include "analysis/page/charts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <ranges>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/format.h"
#include "core/io/json.h"
#include "core/printable.h"

namespace farfield {
namespace {

using nlohmann::json;
using Limits = std::pair<double, double>;

constexpr double kMaxDecades = 10;       // of a logarithmic axis that finds its own range
constexpr double kLabelSpacing = 14;     // pixels between end labels
constexpr double kLabelCharacter = 6.6;  // pixels, of the end labels' font

bool drawable(double value, Scale scale) { return std::isfinite(value) && (scale == Scale::kLinear || value > 0); }

// --- axes ---------------------------------------------------------------------------------------------------------

Limits log_limits(double low, double high) {
  const double top = std::ceil(std::log10(high) - 1e-9);
  const double bottom = std::floor(std::log10(std::max(low, high * std::pow(10, -kMaxDecades))) + 1e-9);
  return {std::pow(10, bottom), std::pow(10, std::max(top, bottom + 1))};
}

Limits data_limits(const std::vector<double>& values, Scale scale) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (double value : values) {
    if (!drawable(value, scale)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) return scale == Scale::kLog ? Limits{0.1, 1} : Limits{0, 1};
  if (scale == Scale::kLog) return log_limits(low, high);
  const double margin = high > low ? 0.05 * (high - low) : std::max(1.0, std::fabs(high)) * 0.05;
  return {low - margin, high + margin};
}

Limits y_limits(const Panel& panel) {
  if (panel.y.range) return *panel.y.range;
  std::vector<double> values;
  for (const Series& series : panel.series) values.insert(values.end(), series.y.begin(), series.y.end());
  return data_limits(values, panel.y.scale);
}

Limits x_limits(const LineChart& chart) {
  if (chart.x.range) return *chart.x.range;
  std::vector<double> values;
  for (const Panel& panel : chart.panels) {
    for (const Series& series : panel.series) values.insert(values.end(), series.x.begin(), series.x.end());
  }
  return data_limits(values, chart.x.scale);
}

std::string power_of_ten(int exponent) {
  static const char* digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = exponent < 0 ? "10⁻" : "10";
  for (char c : std::to_string(std::abs(exponent))) text += digits[c - '0'];
  return text;
}

// Labelled ticks of a logarithmic axis: decades, every second or third when there are many, 1-2-5 when there are few.
json log_axis(const Limits& limits) {
  const int first = static_cast<int>(std::ceil(std::log10(limits.first) - 1e-9));
  const int last = static_cast<int>(std::floor(std::log10(limits.second) + 1e-9));
  const bool fine = std::log10(limits.second / limits.first) < 2;
  const int stride = std::max(1, (last - first + 5) / 6);
  const bool powers = first < -3 || last > 4;
  json values = json::array(), labels = json::array();
  for (int exponent = first - 1; exponent <= last; ++exponent) {
    for (double factor : {1., 2., 5.}) {
      const double value = std::stod(fmt::format("{}e{}", factor, exponent));
      const bool wanted = factor == 1 ? (last - exponent) % stride == 0 : fine;
      if (!wanted || value < limits.first * (1 - 1e-9) || value > limits.second * (1 + 1e-9)) continue;
      values.push_back(value);
      const std::string power = (factor == 1 ? "" : fmt::format("{}·", factor)) + power_of_ten(exponent);
      labels.push_back(powers && value != 1 ? power : format_sigma(value));
    }
  }
  const std::string pick = dump_json(labels) + "[indexof(" + dump_json(values) + ", datum.value)]";
  return {{"values", values}, {"labelExpr", pick}};
}

json axis_encoding(const Axis& axis, const Limits& limits) {
  const bool log = axis.scale == Scale::kLog;
  json scale = {{"type", log ? "log" : "linear"}, {"domain", {limits.first, limits.second}}, {"nice", false}};
  if (!log) scale["zero"] = false;
  json result = {{"type", "quantitative"}, {"scale", scale}};
  result["axis"] = log ? log_axis(limits) : json{{"tickCount", 5}, {"format", limits.second >= 1e4 ? "~s" : "~r"}};
  return result;
}

// --- end labels ---------------------------------------------------------------------------------------------------

double pixel(double y, const Limits& limits, const Panel& panel) {
  const auto f = [&](double v) { return panel.y.scale == Scale::kLog ? std::log(v) : v; };
  const double clamped = std::clamp(y, limits.first, limits.second);
  return panel.height * (f(limits.second) - f(clamped)) / (f(limits.second) - f(limits.first));
}

double from_pixel(double at, const Limits& limits, const Panel& panel) {
  const double part = 1 - at / panel.height;
  if (panel.y.scale == Scale::kLog) return limits.first * std::pow(limits.second / limits.first, part);
  return limits.first + part * (limits.second - limits.first);
}

// Moves positions apart to kLabelSpacing, in order, staying within [0, height] when they fit.
void spread(std::vector<double>& at, double height) {
  std::vector<size_t> order(at.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return at[a] < at[b]; });
  double floor = 0;
  for (size_t i : order) {
    at[i] = std::max(at[i], floor);
    floor = at[i] + kLabelSpacing;
  }
  double ceiling = height;
  for (size_t i : std::views::reverse(order)) {
    at[i] = std::min(at[i], ceiling);
    ceiling = at[i] - kLabelSpacing;
  }
}

// `id` keeps the names of all views of a chart apart, as Vega-Lite needs.
json end_labels(const Panel& panel, const Limits& limits, size_t id) {
  std::vector<double> at;
  std::vector<const Series*> named;
  for (const Series& series : panel.series) {
    for (size_t i = series.y.size(); i-- > 0;) {
      if (!drawable(series.y[i], panel.y.scale)) continue;
      at.push_back(pixel(series.y[i], limits, panel));
      named.push_back(&series);
      break;
    }
  }
  spread(at, panel.height);
  json layers = json::array();
  for (size_t i = 0; i < named.size(); ++i) {
    layers.push_back({{"name", fmt::format("end label {}.{}", id, i)},
                      {"data", {{"values", {{{"y", from_pixel(at[i], limits, panel)}}}}}},
                      {"mark",
                       {{"type", "text"},
                        {"align", "left"},
                        {"baseline", "middle"},
                        {"dx", 6},
                        {"fontSize", 12},
                        {"text", named[i]->label},
                        {"color", named[i]->style.text_colour}}},
                      {"encoding", {{"x", {{"value", "width"}}}, {"y", {{"field", "y"}, {"type", "quantitative"}}}}}});
  }
  return layers;
}

// --- layers -------------------------------------------------------------------------------------------------------

json rows(const Panel& panel, Scale x_scale) {
  json values = json::array();
  for (const Series& series : panel.series) {
    for (size_t i = 0; i < series.y.size(); ++i) {
      if (!drawable(series.y[i], panel.y.scale) || !drawable(series.x[i], x_scale)) continue;
      json row = {{"s", series.label},
                  {"x", series.x[i]},
                  {"y", series.y[i]},
                  {"vx", format_sigma(series.x[i])},
                  {"vy", format_digits(series.y[i], 4)}};
      if (!series.low.empty() && drawable(series.low[i], panel.y.scale) && std::isfinite(series.high[i])) {
        row["lo"] = series.low[i];
        row["hi"] = series.high[i];
        row["vy"] = format_measured(series.y[i], series.low[i], series.high[i]);
        row["ci"] = format_measured(series.low[i], series.low[i], series.high[i]) + " to " +
                    format_measured(series.high[i], series.low[i], series.high[i]);
      }
      values.push_back(std::move(row));
    }
  }
  return values;
}

json style_scale(const Panel& panel, const std::function<json(const SeriesStyle&)>& of) {
  json domain = json::array(), range = json::array();
  for (const Series& series : panel.series) {
    domain.push_back(series.label);
    range.push_back(of(series.style));
  }
  return {{"domain", domain}, {"range", range}};
}

json style_encoding(const Panel& panel, const std::function<json(const SeriesStyle&)>& of) {
  return {{"field", "s"},
          {"type", "nominal"},
          {"title", nullptr},
          {"scale", style_scale(panel, of)},
          {"legend", {{"orient", "top"}, {"symbolSize", 90}, {"symbolStrokeWidth", 2}, {"symbolOpacity", 1}}}};
}

json guide_layer(const Panel& panel) {
  json values = json::array();
  for (double guide : panel.guides) values.push_back({{"y", guide}});
  return {{"data", {{"values", values}}},
          {"mark", {{"type", "rule"}, {"color", "var(--guide)"}, {"strokeWidth", 1}}},
          {"encoding", {{"y", {{"field", "y"}, {"type", "quantitative"}}}}}};
}

json vertical_guides(const LineChart& chart) {
  const Limits limits = x_limits(chart);
  json values = json::array();
  for (const double guide : chart.guides) {
    if (guide >= limits.first && guide <= limits.second) values.push_back({{"x", guide}});
  }
  return {{"data", {{"values", values}}},
          {"mark", {{"type", "rule"}, {"color", "var(--guide)"}, {"strokeWidth", 0.7}}},
          {"encoding", {{"x", {{"field", "x"}, {"type", "quantitative"}}}}}};
}

json tooltip(const LineChart& chart, const Panel& panel) {
  return {{{"field", "s"}, {"type", "nominal"}, {"title", " "}},
          {{"field", "vx"}, {"type", "nominal"}, {"title", chart.x.title}},
          {{"field", "vy"}, {"type", "nominal"}, {"title", panel.y.title}},
          {{"field", "ci"}, {"type", "nominal"}, {"title", "95 % interval"}}};
}

// Every series of a chart once, its first style: panels share their scales, so that each has to name all of them.
Panel styles_of(const LineChart& chart) {
  Panel all;
  for (const Panel& panel : chart.panels) {
    for (const Series& series : panel.series) {
      if (std::ranges::find(all.series, series.label, &Series::label) == all.series.end())
        all.series.push_back({series.label, series.style, {}, {}, {}, {}});
    }
  }
  return all;
}

json panel_json(const LineChart& chart, size_t index, const Limits& x) {
  const Panel& panel = chart.panels[index];
  const bool last = index + 1 == chart.panels.size();
  const Limits limits = y_limits(panel);
  json x_field = axis_encoding(chart.x, x);
  x_field["field"] = "x";
  x_field["axis"]["title"] = last ? json(chart.x.title) : json(nullptr);
  x_field["axis"]["labels"] = last;
  x_field["axis"]["ticks"] = last;
  json y_field = axis_encoding(panel.y, limits);
  y_field["field"] = "y";
  y_field["axis"].update({{"minExtent", kAxisRoom}, {"maxExtent", kAxisRoom}, {"title", nullptr}});

  const Panel styles = styles_of(chart);
  const json colour = style_encoding(styles, [](const SeriesStyle& s) { return json(s.colour); });
  const json dash = style_encoding(styles,
                                   [](const SeriesStyle& s) { return s.dash.empty() ? json{1, 0} : json(s.dash); });
  const json mark = style_encoding(styles, [](const SeriesStyle& s) { return json(s.mark); });
  json y_low = y_field;
  y_low["field"] = "lo";
  json layers = json::array();
  if (!panel.guides.empty()) layers.push_back(guide_layer(panel));
  if (!chart.guides.empty()) layers.push_back(vertical_guides(chart));
  layers.push_back({{"mark", {{"type", "area"}, {"opacity", 0.2}, {"clip", true}}},
                    {"transform", {{{"filter", "isValid(datum.lo)"}}}},
                    {"encoding", {{"x", x_field}, {"y", y_low}, {"y2", {{"field", "hi"}}}, {"color", colour}}}});
  layers.push_back({{"mark", {{"type", "line"}, {"clip", true}, {"strokeWidth", 2}}},
                    {"encoding", {{"x", x_field}, {"y", y_field}, {"color", colour}, {"strokeDash", dash}}}});
  layers.push_back({{"mark", {{"type", "point"}, {"filled", true}, {"clip", true}, {"size", 34}, {"opacity", 1}}},
                    {"encoding", {{"x", x_field}, {"y", y_field}, {"color", colour}, {"shape", mark}}}});
  layers.push_back(
      {{"mark", {{"type", "point"}, {"filled", true}, {"clip", true}, {"size", 320}, {"opacity", 0}}},
       {"encoding",
        {{"x", x_field}, {"y", y_field}, {"tooltip", tooltip(chart, panel)}, {"detail", {{"field", "s"}}}}}});
  for (json& label : end_labels(panel, limits, index)) layers.push_back(std::move(label));
  return {{"height", panel.height},
          {"title", {{"text", panel.y.title}, {"anchor", "start"}, {"frame", "group"}}},
          {"data", {{"values", rows(panel, chart.x.scale)}}},
          {"layer", layers}};
}

// Names as a page can draw them.
LineChart with_printable_names(LineChart chart) {
  for (Panel& panel : chart.panels) {
    panel.y.title = printable(panel.y.title);
    for (Series& series : panel.series) series.label = printable(series.label);
  }
  return chart;
}

}  // namespace

std::string line_chart(const LineChart& given) {
  const LineChart chart = with_printable_names(given);
  const Limits x = x_limits(chart);
  json panels = json::array();
  size_t longest = 0;
  for (size_t i = 0; i < chart.panels.size(); ++i) {
    panels.push_back(panel_json(chart, i, x));
    for (const Series& series : chart.panels[i].series) longest = std::max(longest, series.label.size());
  }
  const json meta = {{"kind", "lines"}, {"axis_room", kAxisRoom}, {"label_room", 12 + kLabelCharacter * longest}};
  return dump_json(json{{"usermeta", meta}, {"vconcat", panels}, {"spacing", 10}});
}

std::string scatter_chart(const std::vector<PointCloud>& clouds, const std::string& x_title,
                          const std::string& y_title) {
  json values = json::array();
  std::vector<double> all;
  Panel styles;
  for (const PointCloud& cloud : clouds) {
    const std::string label = printable(cloud.label);
    for (size_t i = 0; i < cloud.x.size(); ++i) {
      if (!std::isfinite(cloud.x[i]) || !std::isfinite(cloud.y[i])) continue;
      values.push_back({{"s", label}, {"x", cloud.x[i]}, {"y", cloud.y[i]}});
      all.insert(all.end(), {cloud.x[i], cloud.y[i]});
    }
    styles.series.push_back({label, cloud.style, {}, {}, {}, {}});
  }
  const Limits limits = data_limits(all, Scale::kLinear);
  json x = axis_encoding({}, limits), y = axis_encoding({}, limits);
  x.update({{"field", "x"}, {"title", x_title}});
  y.update({{"field", "y"}, {"title", y_title}});
  const json encoding = {{"x", x},
                         {"y", y},
                         {"color", style_encoding(styles, [](const SeriesStyle& s) { return json(s.colour); })},
                         {"shape", style_encoding(styles, [](const SeriesStyle& s) { return json(s.mark); })}};
  return dump_json(json{{"usermeta", {{"kind", "square"}, {"axis_room", kAxisRoom}}},
                        {"data", {{"values", values}}},
                        {"mark", {{"type", "point"}, {"filled", true}, {"size", 14}, {"opacity", 0.6}}},
                        {"encoding", encoding}});
}

Axis sigma_axis(const std::vector<double>& sigmas) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (double sigma : sigmas) {
    if (!drawable(sigma, Scale::kLog)) continue;
    low = std::min(low, sigma);
    high = std::max(high, sigma);
  }
  if (high == 0) return {"noise level σ", Scale::kLog, Limits{0.01, 100}};
  const auto round_to = [](double value, bool up) {
    const int exponent = static_cast<int>(std::floor(std::log10(value) + 1e-12));
    double best = up ? std::pow(10, exponent + 1) : std::pow(10, exponent);
    for (double factor : {1., 2., 5.}) {
      const double candidate = factor * std::pow(10, exponent);
      if (up && candidate >= value * (1 - 1e-9)) best = std::min(best, candidate);
      if (!up && candidate <= value * (1 + 1e-9)) best = std::max(best, candidate);
    }
    return best;
  };
  return {"noise level σ", Scale::kLog, Limits{round_to(low, false), round_to(high * 1.0000001, true)}};
}

}  // namespace farfield

#include "analysis/page/field_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "analysis/page/format.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/printable.h"

namespace farfield {
namespace {

using nlohmann::json;

constexpr size_t kMostArrows = 13;  // along a side: more of them are black
constexpr double kOverlap = 1.03;   // of neighbouring squares, which else show seams
constexpr double kLongest = 0.9;    // of the longest arrow, in distances between arrows

// Few letters: a fraction of a pixel is enough.
double placed(double value, double extent) {
  const double unit = extent / 2000;
  return unit > 0 ? std::stod(format_digits(std::round(value / unit) * unit, 5)) : value;
}

double spacing(const std::vector<double>& points) {
  return points.size() < 2 ? 1 : (points.back() - points.front()) / static_cast<double>(points.size() - 1);
}

std::pair<double, double> heat_range(const FieldChart& chart, size_t column) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& row : chart.panels) {
    for (const double heat : row[column].heat) {
      if (!std::isfinite(heat)) continue;
      low = std::min(low, heat);
      high = std::max(high, heat);
    }
  }
  if (low > high) return {0.1, 1};
  return {low, low < high ? high : low + 1};
}

double longest_vector(const FieldChart& chart, size_t column) {
  double longest = 0;
  for (const auto& row : chart.panels) {
    for (size_t i = 0; i < row[column].u.size(); ++i) {
      const double length = std::hypot(row[column].u[i], row[column].v[i]);
      if (std::isfinite(length)) longest = std::max(longest, length);
    }
  }
  return longest;
}

json squares(const FieldChart& chart, const FieldPanel& panel) {
  const double half_x = kOverlap * spacing(chart.x) / 2, half_y = kOverlap * spacing(chart.y) / 2;
  const double extent = chart.x.back() - chart.x.front();
  json values = json::array();
  for (size_t i = 0; i < chart.y.size(); ++i) {
    for (size_t j = 0; j < chart.x.size(); ++j) {
      const double heat = panel.heat[i * chart.x.size() + j];
      if (!std::isfinite(heat)) continue;
      values.push_back({placed(chart.x[j] - half_x, extent), placed(chart.y[i] - half_y, extent),
                        placed(chart.x[j] + half_x, extent), placed(chart.y[i] + half_y, extent),
                        std::stod(format_digits(heat, 3))});
      if (!panel.colours.empty()) values.back().push_back(panel.colours[i * chart.x.size() + j]);
    }
  }
  return values;
}

// Shafts and heads: [x, y, x of the tip, y of the tip, degrees clockwise from north].
json arrows(const FieldChart& chart, const FieldPanel& panel, double longest) {
  const size_t step_x = (chart.x.size() + kMostArrows - 1) / kMostArrows,
               step_y = (chart.y.size() + kMostArrows - 1) / kMostArrows;
  const double unit = kLongest * std::min(spacing(chart.x) * static_cast<double>(step_x),
                                          spacing(chart.y) * static_cast<double>(step_y));
  const double extent = chart.x.back() - chart.x.front();
  json values = json::array();
  for (size_t i = step_y / 2; i < chart.y.size(); i += step_y) {
    for (size_t j = step_x / 2; j < chart.x.size(); j += step_x) {
      const double u = panel.u[i * chart.x.size() + j], v = panel.v[i * chart.x.size() + j], length = std::hypot(u, v);
      if (!(length > 0) || !std::isfinite(length)) continue;
      const double half = 0.5 * unit * std::sqrt(length / longest);
      const double dx = half * u / length, dy = half * v / length;
      values.push_back({placed(chart.x[j] - dx, extent), placed(chart.y[i] - dy, extent),
                        placed(chart.x[j] + dx, extent), placed(chart.y[i] + dy, extent),
                        std::round(std::atan2(u, v) * 180 / 3.14159265358979)});
    }
  }
  return values;
}

json place(int field, const char* axis_title, const std::pair<double, double>& domain, bool titled) {
  return {{"field", std::to_string(field)},
          {"type", "quantitative"},
          {"scale", {{"domain", {domain.first, domain.second}}, {"nice", false}, {"zero", false}}},
          {"axis", titled ? json{{"title", axis_title}, {"tickCount", 3}, {"grid", false}} : json(nullptr)}};
}

struct PanelPlace {
  size_t row, column;
  bool left, bottom;  // whose axes are drawn
};

json mark_of(const char* type, json more = json::object()) {
  more.update({{"type", type}, {"clip", true}});
  return more;
}

json heat_colour(const FieldChart& chart, const PanelPlace& at) {
  const auto [low, high] = heat_range(chart, at.column);
  const json legend = {{"title", nullptr},       {"orient", "top"}, {"direction", "horizontal"},
                       {"gradientThickness", 8}, {"tickCount", 2},  {"format", ".2~g"}};
  const json scale = {{"type", "linear"}, {"domain", {low, high}}, {"zero", false},
                      {"nice", false},    {"scheme", "viridis"},   {"clamp", true}};
  return {{"field", "4"}, {"type", "quantitative"}, {"scale", scale}, {"legend", at.row == 0 ? legend : json(nullptr)}};
}

json square_layer(const FieldChart& chart, const PanelPlace& at, const json& x, const json& y) {
  const FieldPanel& panel = chart.panels[at.row][at.column];
  const json own_colour = {{"field", "5"}, {"type", "nominal"}, {"scale", nullptr}};
  return {{"data", {{"values", squares(chart, panel)}}},
          {"mark", mark_of("rect")},
          {"encoding",
           {{"x", x},
            {"y", y},
            {"x2", {{"field", "2"}}},
            {"y2", {{"field", "3"}}},
            {"color", panel.colours.empty() ? heat_colour(chart, at) : own_colour},
            {"tooltip", {{"field", "4"}, {"type", "quantitative"}, {"title", chart.heat_title}}}}}};
}

// Shafts, and heads at their tips.
json arrow_layers(const FieldChart& chart, const PanelPlace& at, const json& x, const json& y) {
  const FieldPanel& panel = chart.panels[at.row][at.column];
  const std::string name = "arrows-" + std::to_string(at.row) + "-" + std::to_string(at.column);
  const json ink = {{"value", "#ffffff"}};
  const json tip_x = {{"field", "2"}, {"type", "quantitative"}}, tip_y = {{"field", "3"}, {"type", "quantitative"}};
  return {{{"data", {{"name", name}, {"values", arrows(chart, panel, longest_vector(chart, at.column))}}},
           {"mark", mark_of("rule", {{"strokeWidth", 1}})},
           {"encoding", {{"x", x}, {"y", y}, {"x2", {{"field", "2"}}}, {"y2", {{"field", "3"}}}, {"color", ink}}}},
          {{"data", {{"name", name}}},
           {"mark", mark_of("point", {{"shape", "triangle"}, {"filled", true}, {"size", 14}, {"opacity", 1}})},
           {"encoding",
            {{"x", tip_x},
             {"y", tip_y},
             {"angle", {{"field", "4"}, {"type", "quantitative"}, {"scale", nullptr}}},
             {"color", ink}}}}};
}

json point_layer(const FieldChart& chart) {
  json points = json::array();
  for (const auto& [p, q] : chart.points) points.push_back({p, q});
  return {
      {"data", {{"values", points}}},
      {"mark",
       mark_of("point", {{"filled", true}, {"size", 34}, {"opacity", 1}, {"stroke", "#ffffff"}, {"strokeWidth", 1}})},
      {"encoding",
       {{"x", {{"field", "0"}, {"type", "quantitative"}}},
        {"y", {{"field", "1"}, {"type", "quantitative"}}},
        {"color", {{"value", "#d62728"}}}}}};
}

json panel_json(const FieldChart& chart, const PanelPlace& at) {
  const FieldPanel& panel = chart.panels[at.row][at.column];
  const auto domain = [](const std::vector<double>& line) {
    return std::pair{line.front() - spacing(line) / 2, line.back() + spacing(line) / 2};
  };
  const json x = place(0, chart.x_title.c_str(), domain(chart.x), at.bottom),
             y = place(1, chart.y_title.c_str(), domain(chart.y), at.left);
  json layers = json::array();
  layers.push_back(square_layer(chart, at, x, y));
  for (const json& layer : arrow_layers(chart, at, x, y)) layers.push_back(layer);
  if (!chart.points.empty()) layers.push_back(point_layer(chart));
  json result = {{"layer", layers}, {"resolve", {{"scale", {{"color", "independent"}}}}}};
  if (!panel.title.empty())
    result["title"] = {{"text", printable(panel.title)}, {"anchor", "middle"}, {"fontSize", 12}};
  return result;
}

}  // namespace

std::string field_chart(const FieldChart& chart) {
  check(!chart.panels.empty() && chart.rows.size() == chart.panels.size() && !chart.x.empty() && !chart.y.empty(),
        "field_chart: panels [rows][columns] and a grid");
  const size_t columns = chart.panels.front().size(), points = chart.x.size() * chart.y.size();
  json rows = json::array();
  for (size_t i = 0; i < chart.panels.size(); ++i) {
    json panels = json::array();
    for (size_t j = 0; j < columns; ++j) {
      const FieldPanel& panel = chart.panels[i].at(j);
      check(panel.u.size() == points && panel.v.size() == points && panel.heat.size() == points,
            "field_chart: a vector and a number at every point");
      panels.push_back(panel_json(chart, {i, j, j == 0, i + 1 == chart.panels.size()}));
    }
    rows.push_back({{"title", {{"text", printable(chart.rows[i])}, {"anchor", "start"}, {"fontSize", 13}}},
                    {"hconcat", panels},
                    {"spacing", 6}});
  }
  const double aspect = (chart.y.back() - chart.y.front() + spacing(chart.y)) /
                        (chart.x.back() - chart.x.front() + spacing(chart.x));
  return dump_json(json{{"usermeta", {{"kind", "field"}, {"columns", columns}, {"aspect", aspect}}},
                        {"vconcat", rows},
                        {"spacing", 8},
                        {"resolve", {{"scale", {{"color", "independent"}}}}}});
}

}  // namespace farfield

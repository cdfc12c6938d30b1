#include "analysis/page/matrix_chart.h"

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

constexpr double kLetter = 6.6;     // pixels, of labels and numbers
constexpr double kMostLabel = 180;  // pixels for the rows' labels

bool shown(const MatrixChart& chart, double value) {
  return std::isfinite(value) && (chart.scale == Scale::kLinear || value > 0);
}

json matrix_cells(const MatrixChart& chart) {
  json cells = json::array();
  for (size_t i = 0; i < chart.rows.size(); ++i) {
    for (size_t j = 0; j < chart.columns.size(); ++j) {
      const double value = chart.values[i][j];
      if (!shown(chart, value)) continue;
      cells.push_back({{"i", i},
                       {"j", j},
                       {"v", value},
                       {"row", printable(chart.rows[i])},
                       {"column", printable(chart.columns[j])},
                       {"text", format_digits(value, std::max(3, chart.digits))},
                       {"number", chart.digits > 0 ? format_digits(value, chart.digits) : ""}});
    }
  }
  return cells;
}

json matrix_colours(const MatrixChart& chart) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& row : chart.values) {
    for (const double value : row) {
      if (!shown(chart, value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (low > high) low = high = 1;
  if (chart.shades == Shades::kDiverging) {
    const double most = std::max({high, -low, std::numeric_limits<double>::min()});
    return {{"type", "linear"}, {"domain", {-most, most}}, {"scheme", "purpleorange"}};
  }
  if (low == high) low = chart.scale == Scale::kLog ? high / 10 : high - 1;
  const json range = {{"domain", {low, high}}, {"nice", false}, {"scheme", "viridis"}};
  json colours = chart.scale == Scale::kLog ? json{{"type", "log"}} : json{{"type", "linear"}, {"zero", false}};
  colours.update(range);
  return colours;
}

json named_axis(const char* field, const std::vector<std::string>& labels, const std::string& title) {
  json domain = json::array(), names = json::array();
  for (size_t i = 0; i < labels.size(); ++i) {
    domain.push_back(i);
    names.push_back(printable(labels[i]));
  }
  return {{"field", field},
          {"type", "ordinal"},
          {"scale", {{"domain", domain}}},
          {"axis",
           {{"title", title},
            {"labelExpr", dump_json(names) + "[datum.value]"},
            {"labelAngle", 0},
            {"labelPadding", 5},
            {"labelLimit", kMostLabel},
            {"grid", false},
            {"ticks", false},
            {"domain", false}}}};
}

size_t longest_of(const std::vector<std::string>& labels) {
  size_t longest = 0;
  for (const std::string& label : labels) longest = std::max(longest, printable(label).size());
  return longest;
}

// Room that the page keeps left of the cells, and the width from which on a cell takes its number.
json matrix_meta(const MatrixChart& chart, const json& cells) {
  size_t letters = 0;
  for (const json& cell : cells) letters = std::max(letters, cell["number"].get_ref<const std::string&>().size());
  return {{"kind", "matrix"},
          {"rows", chart.rows.size()},
          {"columns", chart.columns.size()},
          {"axis_room", 34 + std::min(kMostLabel, kLetter * static_cast<double>(longest_of(chart.rows)))},
          {"number_room", 6 + kLetter * static_cast<double>(letters)}};
}

// Numbers stand out from the colour below them: 4.5:1 at least, as black does where white does not.
json number_layer(const json& x, const json& y, const json& colour) {
  return {{"name", "cell numbers"},
          {"mark", {{"type", "text"}, {"fontSize", 11}}},
          {"encoding",
           {{"x", x},
            {"y", y},
            {"text", {{"field", "number"}, {"type", "nominal"}}},
            {"color",
             {{"condition", {{"test", "luminance(scale('color', datum.v)) < 0.18"}, {"value", "#ffffff"}}},
              {"value", "#000000"}}},
            {"detail", colour}}}};
}

}  // namespace

std::string matrix_chart(const MatrixChart& chart) {
  check(!chart.rows.empty() && !chart.columns.empty() && chart.values.size() == chart.rows.size() &&
            std::ranges::all_of(chart.values, [&](auto& row) { return row.size() == chart.columns.size(); }),
        "matrix_chart: values [rows][columns]");
  check(chart.shades == Shades::kSequential || chart.scale == Scale::kLinear,
        "matrix_chart: diverging shades are linear");
  const json cells = matrix_cells(chart);
  const json x = named_axis("j", chart.columns, chart.column_title), y = named_axis("i", chart.rows, chart.row_title);
  const json tooltip = {{{"field", "row"}, {"type", "nominal"}, {"title", chart.row_title}},
                        {{"field", "column"}, {"type", "nominal"}, {"title", chart.column_title}},
                        {{"field", "text"}, {"type", "nominal"}, {"title", chart.value_title}}};
  const json colour = {{"field", "v"},
                       {"type", "quantitative"},
                       {"scale", matrix_colours(chart)},
                       {"legend",
                        {{"title", chart.value_title},
                         {"orient", "top"},
                         {"direction", "horizontal"},
                         {"gradientLength", 220},
                         {"tickCount", 4},
                         {"format", ".2~g"}}}};
  json layers = {
      {{"mark", {{"type", "rect"}}}, {"encoding", {{"x", x}, {"y", y}, {"color", colour}, {"tooltip", tooltip}}}}};
  if (chart.digits > 0) layers.push_back(number_layer(x, y, {{"field", "v"}, {"type", "quantitative"}}));
  return dump_json(json{{"usermeta", matrix_meta(chart, cells)}, {"data", {{"values", cells}}}, {"layer", layers}});
}

}  // namespace farfield

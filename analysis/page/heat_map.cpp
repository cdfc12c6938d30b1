#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "core/io/json.h"

namespace farfield {
namespace {

using nlohmann::json;

constexpr int64_t kMostTicks = 8;

json cells(const HeatMap& map) {
  json values = json::array();
  for (size_t i = 0; i < map.upper.size(); ++i) {
    for (size_t k = 0; k < map.upper[i].size(); ++k) {
      const size_t j = i + 1 + k;
      const double value = map.upper[i][k];
      if (!std::isfinite(value)) continue;
      values.push_back({{"i", i},
                        {"j", j},
                        {"v", value},
                        {"from", map.labels[i]},
                        {"to", map.labels[j]},
                        {"text", format_digits(value, 3)}});
    }
  }
  return values;
}

json colour_scale(const HeatMap& map) {
  double low = 0, high = 0;
  for (const auto& row : map.upper) {
    for (const double value : row) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  const double most = std::max({high, -low, 1e-300});
  // Rounding below zero is no sign.
  const bool is_signed = low < -1e-6 * most;
  return {{"type", "symlog"},
          {"constant", most / 100},
          {"domain", {is_signed ? -most : 0, most}},
          {"scheme", is_signed ? "purpleorange" : "viridis"}};
}

json axis(const HeatMap& map, const std::string& title) {
  const auto count = static_cast<int64_t>(map.labels.size()), stride = std::max<int64_t>(1, (count - 1) / kMostTicks);
  json values = json::array(), labels = json::array();
  for (int64_t i = 0; i < count; i += stride) {
    values.push_back(i);
    labels.push_back(map.labels[i]);
  }
  const std::string pick = dump_json(labels) + "[indexof(" + dump_json(values) + ", datum.value)]";
  return {{"title", title}, {"values", values}, {"labelExpr", pick}, {"grid", false}, {"labelAngle", 0}};
}

json position(const HeatMap& map, const char* field, const std::string& title) {
  json domain = json::array();
  for (size_t i = 0; i < map.labels.size(); ++i) domain.push_back(i);
  return {{"field", field}, {"type", "ordinal"}, {"scale", {{"domain", domain}}}, {"axis", axis(map, title)}};
}

}  // namespace

std::string heat_map(const HeatMap& map) {
  json marks = json::array();
  for (const auto& [i, j] : map.marked) marks.push_back({{"i", i}, {"j", j}});
  const json x = position(map, "j", map.x_title), y = position(map, "i", map.y_title);
  const json tooltip = {{{"field", "from"}, {"type", "nominal"}, {"title", map.y_title}},
                        {{"field", "to"}, {"type", "nominal"}, {"title", map.x_title}},
                        {{"field", "text"}, {"type", "nominal"}, {"title", map.value_title}}};
  const json colour = {{"field", "v"},
                       {"type", "quantitative"},
                       {"scale", colour_scale(map)},
                       {"legend",
                        {{"title", map.value_title},
                         {"orient", "top"},
                         {"direction", "horizontal"},
                         {"gradientLength", 220},
                         {"tickCount", 4},
                         {"format", ".2~g"}}}};
  const json layers = {{{"data", {{"values", cells(map)}}},
                        {"mark", {{"type", "rect"}}},
                        {"encoding", {{"x", x}, {"y", y}, {"color", colour}, {"tooltip", tooltip}}}},
                       {{"data", {{"values", marks}}},
                        {"mark",
                         {{"type", "point"},
                          {"filled", true},
                          {"size", 42},
                          {"opacity", 1},
                          {"color", "#111111"},
                          {"stroke", "#ffffff"},
                          {"strokeWidth", 1.2}}},
                        {"encoding", {{"x", x}, {"y", y}}}}};
  return dump_json(json{{"usermeta", {{"kind", "square"}, {"axis_room", kAxisRoom}}}, {"layer", layers}});
}

}  // namespace farfield

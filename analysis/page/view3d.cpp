#include "analysis/page/view3d.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/json.h"
#include "core/printable.h"

namespace farfield {
namespace {

using nlohmann::json;

constexpr int kTicks = 4;            // about as many intervals an axis
constexpr double kLetterRoom = 6.6;  // pixels, of the legend's font

// The ends of an axis, on its ticks, and those: the interval becomes [-1, 1] of the box.
struct BoxAxis {
  double low, high, step;

  double place(double value) const { return 2 * (value - low) / (high - low) - 1; }
};

BoxAxis box_axis(const std::vector<Curve3d>& curves, std::vector<double> Curve3d::* coordinate) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Curve3d& curve : curves) {
    for (const double value : curve.*coordinate) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  if (low > high) low = high = 0;
  if (high - low <= 1e-12 * std::max(std::fabs(low), std::fabs(high))) {  // all alike: rounding is no extent
    const double margin = high == 0 ? 1 : std::fabs(high) / 2;
    low -= margin;
    high += margin;
  }
  const double rough = (high - low) / kTicks, decade = std::pow(10, std::floor(std::log10(rough)));
  const double factor = rough / decade < 1.5 ? 1 : rough / decade < 3.5 ? 2 : rough / decade < 7.5 ? 5 : 10;
  const double step = factor * decade;
  return {step * std::floor(low / step + 1e-9), step * std::ceil(high / step - 1e-9), step};
}

double rounded(double place) { return std::round(place * 1e4) / 1e4; }  // a fraction of a pixel, in few letters

json curve_rows(const std::vector<Curve3d>& curves, const std::array<BoxAxis, 3>& axes) {
  json rows = json::array();
  for (size_t i = 0; i < curves.size(); ++i) {
    const Curve3d& curve = curves[i];
    json points = json::array();
    for (size_t n = 0; n < curve.a.size(); ++n) {
      if (!std::isfinite(curve.a[n]) || !std::isfinite(curve.b[n]) || !std::isfinite(curve.c[n])) continue;
      points.push_back(
          {rounded(axes[0].place(curve.a[n])), rounded(axes[1].place(curve.b[n])), rounded(axes[2].place(curve.c[n]))});
    }
    if (points.empty()) continue;
    const size_t last = points.size() - 1;
    rows.push_back({{"curve", i}, {"label", printable(curve.label)}, {"last", last}, {"p", std::move(points)}});
  }
  return rows;
}

json tick_rows(const std::array<BoxAxis, 3>& axes) {
  json rows = json::array();
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    const BoxAxis& box = axes[axis];
    for (int64_t k = std::llround(box.low / box.step); k <= std::llround(box.high / box.step); ++k) {
      const double value = static_cast<double>(k) * box.step;
      const bool always = (k - std::llround(box.low / box.step)) % 2 == 0;
      rows.push_back(
          {{"axis", axis}, {"at", box.place(value)}, {"always", always}, {"text", fmt::format("{:.6g}", value)}});
    }
  }
  return rows;
}

json box_edges() {
  json edges = json::array();
  for (const double s : {-1., 1.}) {
    for (const double t : {-1., 1.}) {
      edges.push_back({{"p", {-1., s, t}}, {"q", {1., s, t}}});
      edges.push_back({{"p", {s, -1., t}}, {"q", {s, 1., t}}});
      edges.push_back({{"p", {s, t, -1.}}, {"q", {s, t, 1.}}});
    }
  }
  return edges;
}

json formula(const std::string& as, const std::string& expression) {
  return {{"type", "formula"}, {"as", as}, {"expr", expression}};
}

// The parallel projection of a point (a, b, c) of the box, given by its three expressions: right, and down the page.
json projected(const std::string& suffix, const std::string& a, const std::string& b, const std::string& c) {
  return json::array(
      {formula("x" + suffix, fmt::format("width / 2 + radius * (cosTurn * ({}) + sinTurn * ({}))", a, b)),
       formula("y" + suffix,
               fmt::format("height / 2 - radius * (cosTilt * ({}) + sinTilt * (cosTurn * ({}) - sinTurn * ({})))", c, b,
                           a))});
}

json with_steps(json steps, const json& more) {
  for (const json& step : more) steps.push_back(step);
  return steps;
}

json angle_signal(const std::string& name, const std::string& drag, double value, double low, double high) {
  return {{"name", name},
          {"value", value},
          {"bind", {{"input", "range"}, {"min", low}, {"max", high}, {"step", 1}, {"name", name}}},
          {"on",
           {{{"events", "[pointerdown, window:pointerup] > window:pointermove!"},
             {"update", fmt::format("clamp(round({}), {}, {})", drag, low, high)}}}}};
}

// The edges that carry the ticks: of the floor the two in front, upwards the leftmost.
json view_signals(const View3d& view) {
  const std::string turned = "pressed.turn - 0.5 * (x() - pressed.x)";
  json signals = {{{"name", "pressed"},
                   {"value", json::object()},
                   {"on", {{{"events", "pointerdown"}, {"update", "{x: x(), y: y(), turn: turn, tilt: tilt}"}}}}},
                  angle_signal("turn", "(" + turned + " + 540) % 360 - 180", view.turn, -180, 180),
                  angle_signal("tilt", "pressed.tilt + 0.5 * (y() - pressed.y)", view.tilt, 0, 90)};
  const std::pair<const char*, const char*> derived[] = {{"radius", "min(width / 3.9, height / 3.7)"},
                                                         {"cosTurn", "cos(turn * PI / 180)"},
                                                         {"sinTurn", "sin(turn * PI / 180)"},
                                                         {"cosTilt", "cos(tilt * PI / 180)"},
                                                         {"sinTilt", "sin(tilt * PI / 180)"},
                                                         {"frontA", "sinTurn < 0 ? -1 : 1"},
                                                         {"frontB", "cosTurn < 0 ? 1 : -1"},
                                                         {"leftA", "cosTurn < 0 ? 1 : -1"},
                                                         {"leftB", "sinTurn < 0 ? 1 : -1"}};
  for (const auto& [name, update] : derived) signals.push_back({{"name", name}, {"update", update}});
  return signals;
}

// Where the words of a place on an axis stand, `out` times as far from the middle as the axis.
json beside_axis(const std::string& out) {
  const std::string a = "datum.axis == 0 ? datum.at : datum.axis == 1 ? frontA * " + out + " : leftA";
  const std::string b = "datum.axis == 1 ? datum.at : datum.axis == 0 ? frontB * " + out + " : leftB";
  return projected("", a, b, "datum.axis == 2 ? datum.at : -1");
}

json view_data(const View3d& view, const std::array<BoxAxis, 3>& axes) {
  json points = json::array({{{"type", "flatten"}, {"fields", {"p"}}, {"index", "n"}}});
  points = with_steps(points, projected("", "datum.p[0]", "datum.p[1]", "datum.p[2]"));
  json edges = with_steps(projected("", "datum.p[0]", "datum.p[1]", "datum.p[2]"),
                          projected("2", "datum.q[0]", "datum.q[1]", "datum.q[2]"));
  json floor = json::array({{{"type", "filter"}, {"expr", "datum.axis < 2"}}});
  floor = with_steps(floor, projected("", "datum.axis == 0 ? datum.at : -1", "datum.axis == 1 ? datum.at : -1", "-1"));
  floor = with_steps(floor, projected("2", "datum.axis == 0 ? datum.at : 1", "datum.axis == 1 ? datum.at : 1", "-1"));
  json titles = json::array();
  for (size_t axis = 0; axis < 3; ++axis)
    titles.push_back({{"axis", axis}, {"at", axis == 2 ? 1 : 0}, {"text", printable(view.titles[axis])}});
  const json ticks = tick_rows(axes), roomy = {{"type", "filter"}, {"expr", "datum.always || width > 420"}};
  return {{{"name", "points"}, {"values", curve_rows(view.curves, axes)}, {"transform", points}},
          {{"name", "starts"}, {"source", "points"}, {"transform", {{{"type", "filter"}, {"expr", "datum.n == 0"}}}}},
          {{"name", "ends"},
           {"source", "points"},
           {"transform", {{{"type", "filter"}, {"expr", "datum.n == datum.last"}}}}},
          {{"name", "edges"}, {"values", box_edges()}, {"transform", edges}},
          {{"name", "floor"}, {"values", ticks}, {"transform", floor}},
          {{"name", "ticks"}, {"values", ticks}, {"transform", with_steps(json::array({roomy}), beside_axis("1.12"))}},
          {{"name", "titles"}, {"values", titles}, {"transform", beside_axis("1.5")}}};
}

json style_scales(const View3d& view) {
  json labels = json::array(), colours = json::array(), dashes = json::array(), marks = json::array();
  for (const Curve3d& curve : view.curves) {
    const std::string label = printable(curve.label);
    if (std::ranges::find(labels, json(label)) != labels.end()) continue;
    labels.push_back(label);
    colours.push_back(curve.style.colour);
    dashes.push_back(curve.style.dash.empty() ? json{1, 0} : json(curve.style.dash));
    marks.push_back(curve.style.mark);
  }
  const auto scale = [&](const char* name, const json& range) {
    return json{{"name", name}, {"type", "ordinal"}, {"domain", labels}, {"range", range}};
  };
  return json::array({scale("colour", colours), scale("dash", dashes), scale("mark", marks)});
}

json styled(const char* scale) { return {{"scale", scale}, {"field", "label"}}; }
json field(const char* name) { return {{"field", name}}; }

json rules(const char* data, const char* colour) {
  return {{"type", "rule"},
          {"interactive", false},
          {"from", {{"data", data}}},
          {"encode",
           {{"update",
             {{"x", field("x")},
              {"y", field("y")},
              {"x2", field("x2")},
              {"y2", field("y2")},
              {"stroke", {{"value", colour}}}}}}}};
}

json words(const char* data, const char* colour, int size, int below) {
  const json align = {{{"test", "datum.axis == 2"}, {"value", "right"}}, {{"value", "center"}}};
  const json dx = {{{"test", "datum.axis == 2"}, {"value", -8}}, {{"value", 0}}};
  const json dy = {{{"test", "datum.axis == 2"}, {"value", below > 8 ? -below : 0}}, {{"value", below}}};
  return {{"type", "text"},
          {"interactive", false},
          {"from", {{"data", data}}},
          {"encode",
           {{"update",
             {{"x", field("x")},
              {"y", field("y")},
              {"dx", dx},
              {"dy", dy},
              {"text", field("text")},
              {"align", align},
              {"baseline", {{"value", "middle"}}},
              {"fontSize", {{"value", size}}},
              {"fill", {{"value", colour}}}}}}}};
}

json curve_lines() {
  const json line = {{"type", "line"},
                     {"from", {{"data", "curve"}}},
                     {"encode",
                      {{"update",
                        {{"x", field("x")},
                         {"y", field("y")},
                         {"stroke", styled("colour")},
                         {"strokeDash", styled("dash")},
                         {"strokeWidth", {{"value", 1.4}}},
                         {"strokeOpacity", {{"value", 0.75}}}}}}}};
  return {{"type", "group"},
          {"interactive", false},
          {"from", {{"facet", {{"name", "curve"}, {"data", "points"}, {"groupby", "curve"}}}}},
          {"marks", {line}}};
}

json end_marks(const char* data, const json& fill) {
  return {{"type", "symbol"},
          {"interactive", false},
          {"from", {{"data", data}}},
          {"encode",
           {{"update",
             {{"x", field("x")},
              {"y", field("y")},
              {"shape", styled("mark")},
              {"size", {{"value", 34}}},
              {"fill", fill},
              {"stroke", styled("colour")},
              {"strokeWidth", {{"value", 1.2}}}}}}}};
}

// What takes the drags: the whole view.
json ground() {
  return {{"type", "rect"},
          {"encode",
           {{"update",
             {{"width", {{"signal", "width"}}},
              {"height", {{"signal", "height"}}},
              {"fill", {{"value", "transparent"}}},
              {"cursor", {{"value", "grab"}}}}}}}};
}

}  // namespace

std::string view_3d(const View3d& view) {
  check(!view.curves.empty() && std::ranges::all_of(view.curves,
                                                    [](const Curve3d& curve) {
    return curve.a.size() == curve.b.size() && curve.b.size() == curve.c.size();
  }),
        "view_3d: curves of three coordinates a point");
  const std::array<BoxAxis, 3> axes = {box_axis(view.curves, &Curve3d::a), box_axis(view.curves, &Curve3d::b),
                                       box_axis(view.curves, &Curve3d::c)};
  const json scales = style_scales(view);
  size_t longest = 0;
  for (const Curve3d& curve : view.curves) longest = std::max(longest, printable(curve.label).size());
  json spec = {{"usermeta", {{"kind", "view3d"}, {"label_room", 12 + kLetterRoom * static_cast<double>(longest)}}},
               {"autosize", {{"type", "pad"}}},
               {"signals", view_signals(view)},
               {"data", view_data(view, axes)},
               {"scales", scales},
               {"marks",
                {ground(), rules("floor", "var(--grid)"), rules("edges", "var(--line)"), curve_lines(),
                 end_marks("starts", styled("colour")), end_marks("ends", {{"value", "var(--page)"}}),
                 words("ticks", "var(--ink-2)", 11, 8), words("titles", "var(--ink)", 12, 16)}}};
  if (scales[0]["domain"].size() > 1) {
    spec["legends"] = {{{"orient", "top"},
                        {"stroke", "colour"},
                        {"fill", "colour"},
                        {"strokeDash", "dash"},
                        {"shape", "mark"},
                        {"symbolSize", 90}}};
  }
  return dump_json(spec);
}

}  // namespace farfield

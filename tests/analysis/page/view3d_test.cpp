#include "analysis/page/view3d.h"

#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace farfield {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

View3d two_curves() {
  const std::vector<SeriesStyle> styles = series_styles({"network", "delta"});
  return {{"a", "b", "c"},
          {{"model", styles[0], {0, 2000, 4400}, {0, -3, 3}, {0, 0.2, 0}},
           {"exact", styles[1], {0, 1000, kNoNumber}, {0, 1, 2}, {0, 0.1, 0}}},
          30,
          20};
}

const nlohmann::json& named(const nlohmann::json& list, const std::string& name) {
  for (const auto& one : list) {
    if (one["name"] == name) return one;
  }
  static const nlohmann::json none;
  ADD_FAILURE() << "no " << name;
  return none;
}

// Every axis fills the box by its own units, from tick to tick.
TEST(View3d, GivesEveryAxisItsOwnScale) {
  const auto spec = nlohmann::json::parse(view_3d(two_curves()));
  const auto& points = named(spec["data"], "points")["values"];
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0]["p"][0], nlohmann::json({-1., 0., -1.}));  // a 0..5000 or so, b -4..4, c 0..0.2
  EXPECT_NEAR(points[0]["p"][1][2].get<double>(), 1, 1e-12);
  EXPECT_EQ(points[1]["p"].size(), 2u);  // NaN is left out
  EXPECT_EQ(points[1]["last"], 1);
  std::map<int64_t, std::vector<std::string>> texts;
  for (const auto& tick : named(spec["data"], "ticks")["values"]) {
    texts[tick["axis"].get<int64_t>()].push_back(tick["text"].get<std::string>());
    EXPECT_LE(std::abs(tick["at"].get<double>()), 1 + 1e-12);
  }
  EXPECT_EQ(texts[0], (std::vector<std::string>{"0", "1000", "2000", "3000", "4000", "5000"}));
  EXPECT_EQ(texts[1], (std::vector<std::string>{"-4", "-2", "0", "2", "4"}));
  EXPECT_EQ(texts[2], (std::vector<std::string>{"0", "0.05", "0.1", "0.15", "0.2"}));
}

TEST(View3d, TurnsByDragAndByKeyboard) {
  const auto spec = nlohmann::json::parse(view_3d(two_curves()));
  EXPECT_EQ(spec["usermeta"]["kind"], "view3d");
  for (const char* angle : {"turn", "tilt"}) {
    const auto& signal = named(spec["signals"], angle);
    EXPECT_EQ(signal["bind"]["input"], "range");
    EXPECT_TRUE(signal["on"][0].contains("events"));
  }
  EXPECT_EQ(named(spec["signals"], "turn")["value"], 30);
}

TEST(View3d, TellsLabelsApartByMoreThanColour) {
  const auto spec = nlohmann::json::parse(view_3d(two_curves()));
  ASSERT_EQ(spec["legends"].size(), 1u);
  for (const char* scale : {"colour", "dash", "mark"}) {
    const auto& range = named(spec["scales"], scale)["range"];
    ASSERT_EQ(range.size(), 2u);
    EXPECT_NE(range[0], range[1]) << scale;
  }
  View3d alike = two_curves();
  alike.curves[1].label = "model";
  EXPECT_FALSE(nlohmann::json::parse(view_3d(alike)).contains("legends"));
}

// A straight line has no extent off its axis: the box has some all the same.
TEST(View3d, OfAStraightLineIsDrawn) {
  View3d view = two_curves();
  view.curves.resize(1);
  view.curves[0].b = view.curves[0].c = {0, 0, 0};
  const auto spec = nlohmann::json::parse(view_3d(view));
  for (const auto& point : named(spec["data"], "points")["values"][0]["p"]) {
    EXPECT_EQ(point[1], 0);
    EXPECT_EQ(point[2], 0);
  }
}

}  // namespace
}  // namespace farfield

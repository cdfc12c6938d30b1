#include "analysis/page/field_chart.h"

#include <cmath>
#include <limits>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analysis/page/ordinal_styles.h"

namespace farfield {
namespace {

using nlohmann::json;

// Two rows, two columns of a 3 x 2 grid; the second row's vectors are four times as long.
FieldChart small_chart() {
  FieldChart chart;
  chart.x = {0, 1, 2};
  chart.y = {10, 12};
  chart.rows = {"one", "<other>"};
  chart.points = {{0.5, 11}};
  for (const double scale : {1., 4.}) {
    std::vector<FieldPanel> row;
    for (const double level : {1., 10.}) {
      FieldPanel panel{scale == 1 ? "σ" : "", {}, {}, {}};
      for (int i = 0; i < 6; ++i) {
        panel.u.push_back(scale * level);
        panel.v.push_back(0);
        panel.heat.push_back(scale * level * (i + 1));
      }
      row.push_back(std::move(panel));
    }
    chart.panels.push_back(std::move(row));
  }
  return chart;
}

const json& layer_of(const json& spec, size_t row, size_t column, size_t layer) {
  return spec["vconcat"][row]["hconcat"][column]["layer"][layer];
}

TEST(FieldChart, ColumnsShareColoursAndLengths) {
  const json spec = json::parse(field_chart(small_chart()));
  EXPECT_EQ(spec["usermeta"]["kind"], "field");
  EXPECT_EQ(spec["usermeta"]["columns"], 2);
  EXPECT_NEAR(spec["usermeta"]["aspect"].get<double>(), 4.0 / 3, 1e-12);
  for (size_t column = 0; column < 2; ++column) {
    const auto domain = [&](size_t row) {
      return layer_of(spec, row, column, 0)["encoding"]["color"]["scale"]["domain"];
    };
    EXPECT_EQ(domain(0), domain(1));
    EXPECT_DOUBLE_EQ(domain(0)[1].get<double>(), column == 0 ? 24 : 240);
    const auto length = [&](size_t row) {
      const json arrow = layer_of(spec, row, column, 1)["data"]["values"][0];
      EXPECT_EQ(arrow[4], 90) << "east";
      return arrow[2].get<double>() - arrow[0].get<double>();
    };
    EXPECT_NEAR(length(1), 0.9, 2e-3);      // of the grid's distance
    EXPECT_NEAR(length(0), 0.9 / 2, 2e-3);  // the root of a quarter
  }
  EXPECT_EQ(layer_of(spec, 0, 0, 0)["data"]["values"].size(), 6u);
  EXPECT_EQ(layer_of(spec, 0, 0, 3)["data"]["values"][0], json({0.5, 11}));
}

TEST(FieldChart, WhatIsNoNumberIsLeftOut) {
  FieldChart chart = small_chart();
  chart.panels[0][0].heat[2] = std::nan("");
  chart.panels[0][0].u[1] = std::numeric_limits<double>::infinity();
  chart.panels[1][0].u.assign(6, 0);
  const json spec = json::parse(field_chart(chart));
  EXPECT_EQ(layer_of(spec, 0, 0, 0)["data"]["values"].size(), 5u);
  EXPECT_EQ(layer_of(spec, 0, 0, 1)["data"]["values"].size(), 5u);
  EXPECT_EQ(layer_of(spec, 1, 0, 1)["data"]["values"].size(), 0u);
}

// Many points: colours everywhere, arrows at some.
TEST(FieldChart, ArrowsAreThinnedOut) {
  FieldChart chart;
  for (int i = 0; i < 25; ++i) chart.x.push_back(i), chart.y.push_back(i);
  chart.rows = {"one"};
  chart.panels = {{{"", std::vector<double>(625, 1), std::vector<double>(625, 1), std::vector<double>(625, 1)}}};
  const json spec = json::parse(field_chart(chart));
  EXPECT_EQ(layer_of(spec, 0, 0, 0)["data"]["values"].size(), 625u);
  EXPECT_EQ(layer_of(spec, 0, 0, 1)["data"]["values"].size(), 144u);
}

TEST(OrdinalStyles, NeighboursDifferByMoreThanColour) {
  const auto styles = ordinal_styles(10);
  std::set<std::string> colours;
  for (size_t i = 0; i < styles.size(); ++i) {
    EXPECT_EQ(styles[i].colour.size(), 7u);
    colours.insert(styles[i].colour);
    if (i == 0) continue;
    EXPECT_NE(styles[i].dash, styles[i - 1].dash);
    EXPECT_NE(styles[i].mark, styles[i - 1].mark);
  }
  EXPECT_EQ(colours.size(), 10u);
  EXPECT_EQ(ordinal_styles(1).size(), 1u);
}

}  // namespace
}  // namespace farfield

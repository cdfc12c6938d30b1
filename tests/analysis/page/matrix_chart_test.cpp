#include "analysis/page/matrix_chart.h"

#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace farfield {
namespace {

constexpr double kNoCell = std::numeric_limits<double>::quiet_NaN();

MatrixChart two_by_three() {
  return {{"λ = 4", "λ = 0"}, {"80", "1", "0.1"}, {{0.25, -0.5, kNoCell}, {0, 2, 1}}, "component", "σ", "gain"};
}

TEST(MatrixCharts, HoldEveryCellThatHasAValue) {
  const auto spec = nlohmann::json::parse(matrix_chart(two_by_three()));
  const auto& cells = spec["data"]["values"];
  ASSERT_EQ(cells.size(), 5u);
  EXPECT_EQ(cells[1]["i"], 0);
  EXPECT_EQ(cells[1]["j"], 1);
  EXPECT_EQ(cells[1]["v"], -0.5);
  EXPECT_EQ(cells[4]["row"], "λ = 0");
  EXPECT_EQ(cells[4]["column"], "0.1");
  EXPECT_EQ(spec["usermeta"]["rows"], 2);
  EXPECT_EQ(spec["usermeta"]["columns"], 3);
  EXPECT_EQ(spec["layer"].size(), 1u);
  const auto& scale = spec["layer"][0]["encoding"]["color"]["scale"];
  EXPECT_EQ(scale["domain"], nlohmann::json({-0.5, 2.}));
}

TEST(MatrixCharts, DivergeAroundZero) {
  MatrixChart chart = two_by_three();
  chart.shades = Shades::kDiverging;
  chart.digits = 2;
  const auto spec = nlohmann::json::parse(matrix_chart(chart));
  EXPECT_EQ(spec["layer"][0]["encoding"]["color"]["scale"]["domain"], nlohmann::json({-2., 2.}));
  ASSERT_EQ(spec["layer"].size(), 2u);
  EXPECT_EQ(spec["layer"][1]["name"], "cell numbers");
  EXPECT_EQ(spec["data"]["values"][0]["number"], "0.25");
}

TEST(MatrixCharts, LogarithmicOnesLeaveOutWhatIsNotPositive) {
  MatrixChart chart = two_by_three();
  chart.scale = Scale::kLog;
  const auto spec = nlohmann::json::parse(matrix_chart(chart));
  EXPECT_EQ(spec["data"]["values"].size(), 3u);
  const auto& scale = spec["layer"][0]["encoding"]["color"]["scale"];
  EXPECT_EQ(scale["type"], "log");
  EXPECT_EQ(scale["domain"], nlohmann::json({0.25, 2.}));
}

TEST(MatrixCharts, OfOneValueOrNoneHaveAScale) {
  for (const auto& values : {std::vector<double>{3, 3}, {kNoCell, kNoCell}, {0, 0}}) {
    for (const Shades shades : {Shades::kSequential, Shades::kDiverging}) {
      const auto spec = nlohmann::json::parse(
          matrix_chart({{"only"}, {"a", "b"}, {values}, "", "", "v", shades, Scale::kLinear, 0}));
      const auto& domain = spec["layer"][0]["encoding"]["color"]["scale"]["domain"];
      EXPECT_LT(domain[0].get<double>(), domain[1].get<double>());
    }
  }
}

}  // namespace
}  // namespace farfield

#include "analysis/compare/evaluations_figure.h"

#include <gtest/gtest.h>

namespace farfield {
namespace {

RunError run(const std::string& name, int64_t nfe, double rms) {
  return {name, "euler", nfe, 16, {rms, rms * 0.9, rms * 1.1}};
}

TEST(EvaluationsFigure, NamesTheGreatestSavingThatComesAsNear) {
  const auto figure = evaluations_figure({run("long", 35, 0.01), run("middle", 21, 0.11), run("short", 6, 0.09)},
                                         "teacher");
  EXPECT_EQ(figure.title, "Same quality, fewer evaluations: short with 6 comes as near as middle with 21");
  EXPECT_EQ(figure.numbers.rows.size(), 3u);
  ASSERT_EQ(figure.charts.size(), 1u);
  EXPECT_NE(figure.charts[0].alt.find("short 0.09"), std::string::npos) << figure.charts[0].alt;
}

TEST(EvaluationsFigure, ClaimsNothingWhereFewerIsFarther) {
  EXPECT_EQ(evaluations_figure({run("long", 35, 0.01), run("short", 6, 0.09)}, "teacher").title,
            "What fewer evaluations cost");
}

}  // namespace
}  // namespace farfield

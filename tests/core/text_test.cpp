#include "core/text.h"

#include <gtest/gtest.h>

#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(Text, NearestNameFindsOneEditAndRefusesFarOnes) {
  const std::vector<std::string> known = {"euler", "heun", "dpm2"};
  EXPECT_EQ(nearest_name("huen", known), "heun");
  EXPECT_EQ(nearest_name("eulr", known), "euler");
  EXPECT_EQ(nearest_name("completely-different", known), "");
}

TEST(Text, SeedListsAreEdmsSyntax) {
  EXPECT_EQ(parse_seeds("1,2,5-7"), (std::vector<int64_t>{1, 2, 5, 6, 7}));
  EXPECT_EQ(parse_seeds("2147483648,9223372036854775806-9223372036854775807"),
            (std::vector<int64_t>{2147483648, INT64_MAX - 1, INT64_MAX}));
  EXPECT_EQ(parse_seeds("9223372036854775807").size(), 1u);  // the end of the numbers is the end of the loop
  for (const char* bad : {"", "0-9223372036854775807", "9223372036854775808", "1-18446744073709551616", "5-2", "-1",
                          "a", "1,,2", "0-99999999999"}) {
    const auto error = test::error_of([&] { parse_seeds(bad); });
    ASSERT_TRUE(error) << bad;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << bad;
  }
}

TEST(Text, DoublesReadBackExactly) {
  for (const double value : {0.1, 1e-300, 80.0, 1.0 / 3.0}) {
    EXPECT_EQ(parse_double(format_double(value), "value"), value);
  }
  EXPECT_TRUE(test::error_of([] { parse_double("1.5x", "rho"); }));
  EXPECT_TRUE(test::error_of([] { parse_double("nan", "rho"); }));
}

}  // namespace
}  // namespace farfield

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::run_farfield;

TEST(DataCommand, PrintsATableOrJson) {
  const auto table = run_farfield({"data", "stats", "glyphs,count=200"});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  for (const char* part : {"200 of 1 x 16 x 16", "sigma_data", "10 classes", "suggested", "all samples"}) {
    EXPECT_NE(table.out.find(part), std::string::npos) << part << " in " << table.out;
  }
  const auto json = run_farfield({"data", "stats", "glyphs,count=200", "--json"});
  const auto stats = nlohmann::json::parse(json.out);
  EXPECT_EQ(stats["count"], 200);
  EXPECT_EQ(stats["label_counts"].size(), 10u);
  EXPECT_EQ(stats["suggested"]["sigma_min"]["value"], 0.002);
}

TEST(DataCommand, ErrorsHaveTheirExitCodes) {
  EXPECT_EQ(run_farfield({"data", "stats", "glyhps"}).exit_code, 2);
  EXPECT_EQ(run_farfield({"data", "stats", "/nowhere.npz"}).exit_code, 5);
  EXPECT_EQ(run_farfield({"data", "stats"}).exit_code, 2);
}

}  // namespace
}  // namespace farfield

#include <gtest/gtest.h>

#include "core/data/source.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(OpenData, SaysWhatIsWrongWithTheText) {
  struct Case {
    const char *src, *expected;
    ExitCode code;
  };
  const Case cases[] = {
      {"", "known forms", ExitCode::kUsage},
      {"glyhps", "did you mean 'glyphs'", ExitCode::kUsage},
      {"mnits:/tmp", "did you mean 'mnist'", ExitCode::kUsage},
      {"glyphs,sise=16", "did you mean 'size'", ExitCode::kUsage},
      {"glyphs,size", "write size=VALUE", ExitCode::kUsage},
      {"glyphs,size=4", "expected 8 to 128", ExitCode::kUsage},
      {"glyphs,size=x", "not a whole number", ExitCode::kUsage},
      {"glyphs,size=16,size=16", "given twice", ExitCode::kUsage},
      {"glyphs,count=0", "count", ExitCode::kUsage},
      {"glyphs,count=99999999999", "count", ExitCode::kUsage},
      {"glyphs,labels=maybe", "known: yes, no", ExitCode::kUsage},
      {"glyphs,first=0", "first", ExitCode::kUsage},
      {"moons,size=3", "unknown option 'size'", ExitCode::kUsage},
      {"./nowhere.npz", "nowhere.npz: No such file", ExitCode::kIo},
      {"/nowhere/at/all", "no such file", ExitCode::kIo},
  };
  for (const auto& wrong : cases) {
    const auto error = test::error_of([&] { open_data(wrong.src); });
    ASSERT_TRUE(error) << wrong.src;
    EXPECT_EQ(error->code(), wrong.code) << wrong.src;
    EXPECT_NE(std::string(error->what()).find(wrong.expected), std::string::npos) << error->what();
  }
}

TEST(OpenData, CommonOptionsApplyToGeneratedSources) {
  const auto some = open_data("glyphs,size=8,count=100,first=12,labels=no");
  EXPECT_EQ(some->info().count, 12);
  EXPECT_EQ(some->info().label_dim, 0);
  EXPECT_EQ(some->info().name, "glyphs,size=8,count=100,first=12,labels=no");
  EXPECT_EQ(open_data("glyphs,size=8,count=12,labels=no")->info().fingerprint, some->info().fingerprint);
}

}  // namespace
}  // namespace farfield

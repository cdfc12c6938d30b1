#include "core/config/config.h"

#include <gtest/gtest.h>

#include "tests/support/test_support.h"

namespace farfield {
namespace {

Config make(const std::string& yaml) { return Config::from_text(yaml, "test.yaml"); }

TEST(Config, ReadsEveryKindAndWritesWhatItResolved) {
  auto config = make("train:\n  lr: 1e-3\n  steps: 40\n  name: abc\n  amp: true\n  mult: [1, 2, 2]\nseed: 7\n");
  const auto train = config.section("train");
  EXPECT_EQ(train.number("lr", 0), 1e-3);
  EXPECT_EQ(config.integer("seed", 0), 7);
  EXPECT_EQ(train.integer("steps", 0), 40);
  EXPECT_EQ(train.text("name", ""), "abc");
  EXPECT_TRUE(train.flag("amp", false));
  EXPECT_EQ(train.integers("mult", {}), (std::vector<int64_t>{1, 2, 2}));
  EXPECT_EQ(train.number("decay", 0.5), 0.5);
  config.finish();
  EXPECT_EQ(config.resolved(),
            "train:\n  lr: 0.001\n  steps: 40\n  name: abc\n  amp: true\n  mult: [1, 2, 2]\n  decay: 0.5\nseed: 7\n");
  auto again = make(config.resolved());
  EXPECT_EQ(again.section("train").number("decay", 0), 0.5);
}

TEST(Config, AnUnreadKeyIsAnErrorWithPlaceAndNearestName) {
  auto config = make("tran:\n  lr: 1\ntrain:\n  lr: 2\n  stpes: 3\n");
  config.section("train").number("lr", 0);
  config.section("train").integer("steps", 0);
  const auto error = test::error_of([&] { config.finish(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  const std::string message = error->what();
  EXPECT_NE(message.find("test.yaml:1:1: unknown key 'tran'; did you mean 'train'?"), std::string::npos) << message;
  EXPECT_NE(message.find("test.yaml:5:3: unknown key of 'train' 'stpes'; did you mean 'steps'?"), std::string::npos);
}

TEST(Config, SetOverridesAndIsHeldToTheSameRules) {
  auto config = make("train:\n  lr: 1\n");
  config.set("train.lr=2");
  config.set("data.mult=[1, 2]");
  config.set("tran.lr=3");
  EXPECT_EQ(config.section("train").number("lr", 0), 2);
  EXPECT_EQ(config.section("data").integers("mult", {}), (std::vector<int64_t>{1, 2}));
  const auto error = test::error_of([&] { config.finish(); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("--set tran.lr: unknown key 'tran'; did you mean 'train'?"),
            std::string::npos)
      << error->what();
  for (const char* bad : {"", "=1", "a", "a..b=1", "train.lr.x=1", "a=[1"}) {
    EXPECT_TRUE(test::error_of([&] { config.set(bad); })) << bad;
  }
}

// Rows of hostile or mistaken YAML, read as a number of key `a`; each names its place and what is wrong.
TEST(Config, HostileAndMistakenDocumentsAreUsageErrorsWithPlaces) {
  std::string deep(500, '['), bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n", many = "a: [0";
  for (int i = 1; i < 8; ++i) {
    bomb += fmt::format("a{}: &a{} [", i, i);
    for (int k = 0; k < 10; ++k) bomb += fmt::format("{}*a{}", k == 0 ? "" : ",", i - 1);
    bomb += "]\n";
  }
  for (int i = 0; i < 200'000; ++i) many += ",1";
  struct Row {
    std::string yaml, fragment;
  };
  const std::vector<Row> rows = {
      {"a: 1\na: 2\n", "test.yaml:2:1: key 'a' stands here twice"},
      {"a: .nan", "must be a number"},
      {"a: nan", "must be a number"},
      {"a: 1e400", "must be a number"},
      {"a: 010", "must be a number"},
      {"a: 0x10", "must be a number"},
      {"a: \"1\"", "must be a number"},
      {"a: yes", "must be a number"},
      {"a: [1]", "must be a number, got a list"},
      {"a: {b: 1}", "must be a number, got a mapping"},
      {"a: 11", "out of range; it must be in [0, 10]"},
      {"a: inf", "out of range"},
      {"a: -1", "out of range"},
      {"- 1\n- 2\n", "a config is a mapping"},
      {"just text", "a config is a mapping"},
      {"a: [1", "test.yaml:"},
      {"a: 'x", "test.yaml:"},
      {"a: *nowhere", "test.yaml:"},
      {"{[1]: 2}", "a key must be a plain word"},
      {std::string("a: 1\0", 5), "NUL byte"},
      {"a: \xff\xfe", "UTF-8"},
      {"a: \xe0\x8f\x8d", "UTF-8"},
      {"a: \xed\xa0\x80", "UTF-8"},
      {"a: \xf0\x80\x80\x80", "UTF-8"},
      {"a: \xf4\x90\x80\x80", "UTF-8"},
      {"a: \"\\uD800\"", "invalid unicode"},
      {"\"\\uDFFF\": 1", "invalid unicode"},
      {"a: \"\\N\"", "not valid UTF-8"},
      {"\"\\_\": 1", "not valid UTF-8"},
      {"a: \xc0\x80", "UTF-8"},
      {std::string(2 << 20, 'a'), "bytes; a config has at most"},
      {"a: " + deep, "test.yaml"},
      {bomb, "more than 100000 values"},
      {"a: &x [*x]", "test.yaml"},
      {many + "]", "more than 100000 values"},
      {"a: 1 b: 2", "test.yaml:"},
      {"a: !!binary abc\nb: 1", "the tag 'tag:yaml.org,2002:binary' has no meaning here"},
      {"a: !!python/object:os.system 8", "has no meaning here"},
      {"a: " + std::string(100'000, '['), "nested deeper than 64 levels"},
      {"a: 1\n---\nb: 2\n", "test.yaml:2:1: a second document"},
      {",", "text that belongs to no value"},
      {"{run: {seed: 1}},", "test.yaml:1:17: a second document"},
      {"[1],", "belongs to no value"},
      {"a: 1\n---\n", "a second document"},
      {"---\na: 1\n...\n---\n[1]\n", "a second document"},
      {"a: 1\n--- |\n text\n", "a second document"},
      {"a: 1\n---\n---\nb: 2", "a second document"},
      {"\ta: 1", "test.yaml"},
      {"a: 1\n b: 2", "test.yaml:"},
  };
  for (const auto& row : rows) {
    const auto error = test::error_of([&] { make(row.yaml).number("a", 0, {0, 10}); });
    ASSERT_TRUE(error) << row.yaml.substr(0, 60);
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(row.fragment), std::string::npos) << error->what();
  }
}

TEST(Config, WholeNumbersFlagsAndChoicesAreStrict) {
  for (const char* yaml : {"a: 1.0", "a: 1e3", "a: 99999999999999999999", "a: true", "a: ''"}) {
    EXPECT_TRUE(test::error_of([&] { make(yaml).integer("a", 0); })) << yaml;
  }
  for (const char* yaml : {"a: 1", "a: yes", "a: no", "a: 'true'", "a: True"}) {
    EXPECT_TRUE(test::error_of([&] { make(yaml).flag("a", false); })) << yaml;
  }
  const auto error = test::error_of([&] { make("a: huen").choice("a", "euler", {"euler", "heun"}); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("did you mean 'heun'?"), std::string::npos);
}

TEST(Config, AnEmptyDocumentIsAllDefaultsAndNullMeansAbsent) {
  EXPECT_EQ(make("").number("a", 3), 3);
  EXPECT_EQ(make("\xEF\xBB\xBF"
                 "a: 2")
                .number("a", 3),
            2);  // a byte-order mark
  EXPECT_EQ(make("a:\n").number("a", 3), 3);
  EXPECT_EQ(make("%YAML 1.2\n---\na: 2\n...\n# the end\n").number("a", 3), 2);  // one document with its marks
  auto config = make("a: 1\n");
  EXPECT_TRUE(test::error_of([&] { config.set("a=2\n---\n3"); }));
}

}  // namespace
}  // namespace farfield

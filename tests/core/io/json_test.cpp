#include "core/io/json.h"

#include <limits>

#include <nlohmann/json.hpp>

#include "tests/support/test_support.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

TEST(Json, RefusesWithThePlace) {
  struct Case {
    std::string text, fragment;
  };
  const Case cases[] = {
      {R"({"a": 1, "a": 2})", "file: key 'a' stands twice"},
      {R"([{"a": 1}, {"b": {"c": 1, "d": 2, "c": 3}}])", "key 'c' stands twice"},
      {R"({"a": 1, "\u0061": 2})", "key 'a' stands twice"},
      {std::string(65, '[') + std::string(65, ']'), "nested deeper than 64"},
      {std::string(1 << 20, '['), "nested deeper than 64"},
      {"{\n \"a\": 1,\n}", "line 3, column 1"},
      {"[1, 2", "line 1, column 6"},
      {"", "line 1, column 1"},
      {"[\"\xff\"]", "UTF-8"},
      {"[\"\\ud800\"]", "UTF-8"},
      {"[1e400]", "no valid JSON"},
      {"[NaN]", "no valid JSON"},
      {"{} {}", "no valid JSON"},
  };
  for (const auto& [text, fragment] : cases) {
    const auto error = test::error_of([&] { parse_json(text, "file"); });
    ASSERT_TRUE(error) << text.substr(0, 40);
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
    EXPECT_NE(std::string(error->what()).find(fragment), std::string::npos) << error->what();
    EXPECT_TRUE(json_or_null(text).is_null());
  }
}

TEST(Json, TakesTheSameKeyInDifferentObjects) {
  const std::string text = R"({"a": {"a": 1}, "b": [{"a": 2}, {"a": 3}], "c": {"a": {}}})";
  EXPECT_EQ(dump_json(parse_json(text, "file")), R"({"a":{"a":1},"b":[{"a":2},{"a":3}],"c":{"a":{}}})");
  EXPECT_NO_THROW(parse_json(std::string(64, '[') + std::string(64, ']'), "file"));
}

// In time that grows with the text: quadratic would be minutes.
TEST(Json, TakesAnObjectOfManyKeys) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":" + std::to_string(i);
  const ordered_json value = parse_json(text + "}", "file");
  EXPECT_EQ(value.size(), 200'000u);
  EXPECT_EQ(value.back(), 199'999);
  EXPECT_TRUE(test::error_of([&] { parse_json(text + ",\"7\":1}", "file"); }));
}

TEST(Json, DumpsWhateverBytesThereAre) {
  const ordered_json value = {{"caf\xe9", {"\xff\xfe", "σ", "a\x1b\n\x7f", "\xC2\x9B\xEF\xBB\xBF"}},
                              {"n", std::numeric_limits<double>::quiet_NaN()}};
  const std::string text = dump_json(value);
  EXPECT_EQ(text, R"({"caf\\xe9":["\\xff\\xfe","σ","a\u001b\n\u007f","\u009b\ufeff"],"n":null})");
  const ordered_json back = parse_json(text, "memory");
  EXPECT_EQ(back.begin().key(), "caf\\xe9");
  EXPECT_EQ(back.front()[2], "a\x1b\n\x7f");
  EXPECT_EQ(back.front()[3], "\xC2\x9B\xEF\xBB\xBF");
  EXPECT_EQ(dump_json(ordered_json("\xff\x1b\xEF\xBB\xBF")), R"("\\xff\u001b\ufeff")");
  EXPECT_EQ(dump_json(nlohmann::json{{"b", "\xff"}, {"a", 1}}, 1), "{\n \"a\": 1,\n \"b\": \"\\\\xff\"\n}");
}

}  // namespace
}  // namespace farfield

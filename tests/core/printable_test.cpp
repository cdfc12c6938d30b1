#include "core/printable.h"

#include "core/text.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(Printable, EscapesWhatIsUnseenAndKeepsTheRest) {
  EXPECT_EQ(printable("σ ≤ 1 \\ 'a' \xF0\x9F\x98\x80"), "σ ≤ 1 \\ 'a' \xF0\x9F\x98\x80");
  EXPECT_EQ(printable("a\nb\tc\rd\x1b[2J\x07\x7f"), "a\\nb\\tc\\rd\\x1b[2J\\x07\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("caf\xe9"), "caf\\xe9");
  EXPECT_EQ(printable("\xEF\xBB\xBF"
                      "data"),
            "<U+FEFF>data");
  EXPECT_EQ(printable("a\xC2\xA0"
                      "b\xC2\x9B"
                      "c\xE2\x80\xAE"),
            "a<U+00A0>b<U+009B>c<U+202E>");
  EXPECT_EQ(printable("\xF3\xA0\x80\x81"), "<U+E0001>");
}

// Cut short, overlong, a surrogate, beyond U+10FFFF, a stray tail.
TEST(Printable, BytesThatAreNoUtf8AreShownOneByOne) {
  for (const char* bytes : {"\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "\xE2\x82", "\xFF\xFE"}) {
    EXPECT_FALSE(valid_utf8(bytes));
    std::string expected;
    for (const char* c = bytes; *c != 0; ++c) {
      char text[8];
      std::snprintf(text, sizeof(text), "\\x%02x", static_cast<unsigned char>(*c));
      expected += text;
    }
    EXPECT_EQ(printable(bytes), expected);
  }
  EXPECT_TRUE(valid_utf8("\xF4\x8F\xBF\xBF\xEE\x80\x80\xC2\x80"));
}

TEST(Printable, WhateverTheBytesTheResultIsOneLineOfUtf8) {
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>((i * 2654435761u) >> 13);
  const std::string shown = printable(bytes);
  EXPECT_TRUE(valid_utf8(shown));
  EXPECT_EQ(printable(shown), shown);
}

TEST(Printable, MessagesHaveAtMostTwentyLinesAndFourKilobytes) {
  const auto size_of = [](const std::vector<std::string>& lines) {
    size_t bytes = 0;
    for (const auto& line : lines) bytes += line.size() + 8;
    return bytes;
  };
  std::vector<std::string> many(100'000, "a problem");
  const auto few = message_lines(join(many, kNextLine));
  ASSERT_EQ(few.size(), 21u);
  EXPECT_EQ(few[19], "a problem");
  EXPECT_EQ(few.back(), "... and 99980 more");
  for (const char* bytes : {"x", "\x1b", "\xff", "\xE2\x80\xAE", "\xF0\x9F\x98\x80"}) {
    std::string name;
    for (int i = 0; i < 1 << 16; ++i) name += bytes;
    for (const auto& message : {name, join({name, name, name, name, name, name}, kNextLine)}) {
      const auto lines = message_lines(message);
      EXPECT_LE(size_of(lines), 4096u);
      EXPECT_TRUE(valid_utf8(join(lines, "")));
    }
  }
  EXPECT_EQ(message_lines("a\nb"), std::vector<std::string>{"a\\nb"});
  EXPECT_EQ(message_lines(join({"a", "b"}, kNextLine)), (std::vector<std::string>{"a", "b"}));
}

TEST(Printable, QuotesCutBetweenCharacters) {
  EXPECT_EQ(quote("a\x1b"
                  "b"),
            "'a\\x1b"
            "b'");
  EXPECT_EQ(quote(std::string(79, 'x').append("σ")), "'" + std::string(79, 'x') + "...'");
  EXPECT_EQ(quote(std::string(78, 'x').append("σ")), "'" + std::string(78, 'x') + "σ'");
}

}  // namespace
}  // namespace farfield

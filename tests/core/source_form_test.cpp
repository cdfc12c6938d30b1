#include "core/source_form.h"

#include <filesystem>
#include <fstream>

#include "core/run/replaceable.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kKinds = {"mnist"};

// kind|path|option|option
std::string parsed(const std::string& text) {
  const SourceForm form = parse_source(text, kKinds);
  std::string all = form.kind + "|" + form.path;
  for (const auto& option : form.options) all += "|" + option;
  return all;
}

TEST(SourceForm, WithoutQuotesAPathEndsAtTheFirstComma) {
  EXPECT_EQ(parsed("a.npz,key=x,first=3"), "|a.npz|key=x|first=3");
  EXPECT_EQ(parsed("mnist:dir,pad=32"), "mnist|dir|pad=32");
  EXPECT_EQ(parsed("other:dir,pad=32"), "|other:dir|pad=32");
  EXPECT_EQ(parsed("a\"b.npy"), "|a\"b.npy");
  EXPECT_EQ(parsed("a,"), "|a|");
  EXPECT_EQ(parsed(""), "|");
}

TEST(SourceForm, QuotesHoldAnything) {
  EXPECT_EQ(parsed(R"("a,b=c: d.npy",first=3)"), "|a,b=c: d.npy|first=3");
  EXPECT_EQ(parsed(R"(mnist:"a\"b\\c\n\t\r\xff",pad=32)"), "mnist|a\"b\\c\n\t\r\xff|pad=32");
  EXPECT_EQ(parsed(R"(a.npz,key="x,y",label-key="=")"), "|a.npz|key=x,y|label-key==");
  EXPECT_EQ(parsed(R"("mnist:a")"), "|mnist:a");
  for (const char* bad :
       {"\"a", "\"a\"b", "\"a\\q\"", "\"a\\x0\"", "\"a\\x00\"", "mnist:\"a", "a,key=\"x", "a,\"b\"=c"}) {
    const auto error = test::error_of([&] { parse_source(bad, kKinds); });
    ASSERT_TRUE(error) << bad;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << bad;
  }
}

TEST(SourceForm, WhatExistsIsTakenFirst) {
  const test::TempDir folder;
  const std::string odd = (folder / "-a,b=c: d'\"e\n\xff.npz").string();
  std::ofstream(odd) << "x";
  EXPECT_EQ(parsed(odd), "|" + odd);
  EXPECT_EQ(parsed(odd + ",key=x"), "|" + odd + "|key=x");
  EXPECT_EQ(parsed("mnist:" + odd + ",pad=32"), "mnist|" + odd + "|pad=32");
  EXPECT_EQ(existing_path_length(odd + ",key=x"), odd.size());
  EXPECT_EQ(existing_path_length("mnist:" + odd), 0u);

  // The longest that exists.
  const std::string shorter = (folder / "-a").string();
  fs::create_directory(shorter);
  EXPECT_EQ(parsed(odd), "|" + odd);
  EXPECT_EQ(parsed(shorter + ",b=c"), "|" + shorter + "|b=c");

  // A file may be called as a kind and its path.
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  fs::create_directory("mnist:x");
  EXPECT_EQ(parsed("mnist:x,pad=32"), "|mnist:x|pad=32");
  fs::current_path(before);
}

TEST(SourceForm, ListsAreCutAtItems) {
  const test::TempDir folder;
  const std::string odd = (folder / "a,b=c.npz").string();
  std::ofstream(odd) << "x";
  EXPECT_EQ(source_item_length("isotropic,gaussian"), 9u);
  EXPECT_EQ(source_item_length(odd + ",gaussian"), odd.size());
  EXPECT_EQ(source_item_length("delta:mnist:" + odd + ",pad=32"), odd.size() + 12);
  EXPECT_EQ(source_item_length("delta:\"x,y\",pad=32"), 11u);
  EXPECT_EQ(source_item_length("key=\"x,y\",b"), 9u);
}

TEST(SourceForm, PortableTextMeansTheSame) {
  EXPECT_EQ(portable_sources("glyphs,count=3"), "glyphs,count=3");
  EXPECT_EQ(portable_sources("mnist:caf\xe9/x,pad=32"), R"(mnist:"caf\xe9/x",pad=32)");
  EXPECT_EQ(portable_sources("a,delta:b\n.npz,key=\x1b,c"), R"(a,delta:"b\n.npz",key="\x1b",c)");
  const test::TempDir folder;
  const std::string odd = (folder / "a,b=c: \"\\\n\xff\xEF\xBB\xBF").string();
  fs::create_directory(odd);
  const std::string text = portable_sources("mnist:" + odd + ",pad=32");
  EXPECT_EQ(text.find_first_of("\n\xff"), std::string::npos);
  EXPECT_EQ(parsed(text), "mnist|" + odd + "|pad=32");
  EXPECT_EQ(portable_sources(text), text);
}

// A quoted input is as safe from --force as a plain one.
TEST(SourceForm, NamedPathsSeeThroughQuotes) {
  const test::TempDir folder;
  const std::string odd = (folder / "a,\xff").string();
  fs::create_directory(odd);
  const std::vector<fs::path> expected = {fs::canonical(odd)};
  for (const std::string& text : {odd, portable_sources(odd), "delta:" + portable_sources(odd) + ",first=3"}) {
    EXPECT_EQ(named_paths({text}), expected) << text;
  }
}

}  // namespace
}  // namespace farfield

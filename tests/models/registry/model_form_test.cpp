#include "models/registry/model_form.h"

#include <filesystem>
#include <fstream>
#include <random>

#include "core/data/source.h"
#include "models/registry/reference_registry.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;

// kind|SRC or path with options|own options
std::string shown(const std::string& text) {
  const ModelForm form = parse_model(text);
  std::string all = form.kind + "|" + (form.source ? source_text(*form.source, PathStyle::kPlain) : "-") + "|";
  for (const auto& [key, value] : form.options) all += key + "=" + value + ";";
  return all;
}

TEST(ModelForm, IsTakenApart) {
  EXPECT_EQ(shown("gaussian"), "gaussian|-|");
  EXPECT_EQ(shown("gaussian,rank=64"), "gaussian|-|rank=64;");
  EXPECT_EQ(shown("gaussian:mnist:D,rank=64,pad=32"), "gaussian|mnist:D,pad=32|rank=64;");
  EXPECT_EQ(shown("mixture:a.npz,per=class,key=x,rank=\"3\""), "mixture|a.npz,key=x|per=class;rank=3;");
  EXPECT_EQ(shown("delta:\"a,b.npz\",first=3"), "delta|a,b.npz,first=3|");
  EXPECT_EQ(shown("net.pt,convention=raw,shape=2"), "|net.pt,convention=raw,shape=2|");
  EXPECT_EQ(shown("./gaussian"), "|./gaussian|");
  EXPECT_EQ(shown("\"gaussian\""), "|gaussian|");
  EXPECT_EQ(shown("gaussian:./10"), "gaussian|./10|");
  EXPECT_EQ(shown("gaussian:\"10\""), "gaussian|10|");
}

TEST(ModelForm, OldSpellingsMeanWhatTheyMeant) {
  const std::pair<const char*, const char*> cases[] = {
      {"gaussian:64", "gaussian,rank=64"},
      {"mixture:10", "mixture,components=10"},
      {"mixture:10:32", "mixture,components=10,rank=32"},
      {"mixture:classes", "mixture,per=class"},
      {"mixture:classes:8", "mixture,per=class,rank=8"},
      {"mixture:moons,components=classes,rank=2", "mixture:moons,per=class,rank=2"}};
  for (const auto& [old, now] : cases) {
    EXPECT_EQ(to_text(parse_model(old)), now);
    EXPECT_TRUE(parse_model(old).old_spelling) << old;
    EXPECT_FALSE(parse_model(now).old_spelling) << now;
    EXPECT_EQ(parse_model(old), parse_model(now));
  }
}

class InAFolder : public ::testing::Test {
 protected:
  void SetUp() override { fs::current_path(folder.path()); }
  void TearDown() override { fs::current_path(before); }

  const fs::path before = fs::current_path();
  test::TempDir folder;
};

TEST_F(InAFolder, WhatExistsIsTakenFirstIfItIsLongerThanTheKind) {
  fs::create_directory("gaussian");
  fs::create_directory("10");
  std::ofstream("delta:x") << "x";
  std::ofstream("gaussian,rank=3") << "x";
  EXPECT_EQ(shown("gaussian"), "gaussian|-|");
  EXPECT_EQ(shown("gaussian,rank=2"), "gaussian|-|rank=2;");
  EXPECT_EQ(shown("gaussian,rank=3"), "|gaussian,rank=3|");
  EXPECT_EQ(shown("delta:x"), "|delta:x|");
  EXPECT_EQ(shown("mixture:10"), "mixture|-|components=10;");
  EXPECT_EQ(to_text({"gaussian", {}, {{"rank", "3"}}}), "gaussian,rank=\"3\"");
}

// Forms over all kinds: SRC of every prefix with odd paths and option values, options of the kind with odd values.
std::vector<ModelForm> odd_forms(const std::vector<std::string>& paths) {
  std::vector<std::string> prefixes = data_source_prefixes(), kinds = reference_names();
  prefixes.emplace_back();
  kinds.emplace_back();
  std::vector<ModelForm> forms;
  for (const std::string& kind : kinds) {
    for (const std::string& path : paths) {
      for (const std::string& prefix : prefixes) {
        if (kind.empty() && !prefix.empty()) continue;  // files have no prefix
        const std::string& value = paths[forms.size() % paths.size()];
        ModelForm form{kind, SourceForm{prefix, path, {}}, {}};
        if (forms.size() % 2 == 0) form.source->options = {"key=" + value, "first=3"};
        const ReferenceKind* row = find_reference(kind);
        for (const auto& key : row == nullptr ? std::vector<std::string>() : option_keys(*row)) {
          const std::string& text = paths[(forms.size() + key.size()) % paths.size()];
          if (forms.size() % 3 != 0 && text != "classes")
            form.options[key] = text;  // components=classes: the old spelling
        }
        forms.push_back(form);
        if (row != nullptr) forms.push_back({kind, {}, form.options});
      }
    }
  }
  return forms;
}

TEST_F(InAFolder, ParseAfterPrintIsTheIdentity) {
  const std::vector<std::string> paths = {"a.npz",
                                          "10",
                                          "10:32",
                                          "classes",
                                          "gaussian",
                                          "mnist:x",
                                          "delta:moons",
                                          "a,b=c.npz",
                                          "\"",
                                          "\"a\"",
                                          "\"a\",b",
                                          "a\"b,c=\"",
                                          "=",
                                          ",",
                                          ",,",
                                          "rank=3",
                                          "a,rank=3",
                                          "\\",
                                          "\\x41",
                                          "a\nb\t\r",
                                          "caf\xe9",
                                          "\xff\xfe,\"=:",
                                          "\xEF\xBB\xBF",
                                          " ",
                                          "mixture:10",
                                          "a:b,first=3",
                                          "-a,b=c: 'd\" #e\x1b[2J"};
  for (const bool exist : {false, true}) {
    if (exist) {
      for (const auto& path : paths) fs::create_directory(path);
    }
    for (const ModelForm& form : odd_forms(paths)) {
      const std::string text = to_text(form);
      EXPECT_EQ(parse_model(text), form) << text;
      EXPECT_EQ(to_text(parse_model(text)), text);
      EXPECT_FALSE(parse_model(text).old_spelling) << text;
      if (!form.source || form.kind.empty()) continue;
      const std::string source = source_text(*form.source, data_source_prefixes());
      EXPECT_EQ(parse_source(source, data_source_prefixes()), *form.source) << source;
    }
  }
}

// Random bytes: what is taken apart at all has a canonical text that means the same.
TEST(ModelForm, AnyTextHasACanonicalOne) {
  std::mt19937 random(7);
  const std::vector<std::string> words = {"gaussian", "mixture", "delta", "mnist", ":",  ",",    "=",     "\"",
                                          "rank",     "per",     "class", "10",    "\\", "\xff", "moons", "classes"};
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (uint32_t n = random() % 9; n > 0; --n) text += words[random() % words.size()];
    try {
      const ModelForm form = parse_model(text);
      EXPECT_EQ(parse_model(to_text(form)), form) << text << " -> " << to_text(form);
      ++read;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kUsage) << text;
    }
  }
  EXPECT_GT(read, 2000);
}

}  // namespace
}  // namespace farfield

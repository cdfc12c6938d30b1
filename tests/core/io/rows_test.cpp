#include "core/io/rows.h"

#include <sys/resource.h>
#include <clocale>
#include <csignal>
#include <fstream>
#include <limits>
#include <locale>

#include <nlohmann/json.hpp>

#include "core/io/file.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Table example() {
  Table table{{"sigma", "name, \"quoted\"", "n"}, {}};
  table.add({0.1, std::string("plain"), int64_t{3}});
  table.add({1e-300, std::string("a,b"), int64_t{-9223372036854775807 - 1}});
  table.add({kInfinity, std::string("say \"hi\"\nthere"), Cell{}});
  table.add({-kInfinity, std::string(), int64_t{0}});
  return table;
}

TEST(Rows, CsvIsRfc4180) {
  EXPECT_EQ(example().csv(),
            "sigma,\"name, \"\"quoted\"\"\",n\n"
            "0.1,plain,3\n"
            "1e-300,\"a,b\",-9223372036854775808\n"
            "inf,\"say \"\"hi\"\"\\nthere\",\n"
            "-inf,,0\n");
  Table one{{"only"}, {}};
  one.add({Cell{}});
  EXPECT_EQ(one.csv(), "only\n\"\"\n");
  Table table{{"a", "b"}, {}};
  EXPECT_EQ(test::error_of([&] { table.add({1.0}); })->code(), ExitCode::kBug);
}

// A spreadsheet evaluates text that begins with one of four characters; numbers are none, whatever their sign.
TEST(Rows, NoTextOfACsvIsAFormulaAndNoNumberChanges) {
  Table table{{"=a", "b"}, {}};
  for (const char* text : {"=1+1", "+x", "-x", "@SUM(1)", "=\"a\",b", "a=b", "'", "\t=1", "caf\xe9\x1b"}) {
    table.add({std::string(text), -1.5});
  }
  EXPECT_EQ(table.csv(),
            "'=a,b\n'=1+1,-1.5\n'+x,-1.5\n'-x,-1.5\n'@SUM(1),-1.5\n\"'=\"\"a\"\",b\",-1.5\na=b,-1.5\n',-1.5\n"
            "\\t=1,-1.5\ncaf\\xe9\\x1b,-1.5\n");
}

TEST(Rows, JsonIsReadByAParser) {
  const auto parsed = nlohmann::json::parse(example().json());
  ASSERT_EQ(parsed.size(), 4u);
  EXPECT_EQ(parsed[0]["sigma"], 0.1);
  EXPECT_EQ(parsed[1]["n"], std::numeric_limits<int64_t>::min());
  EXPECT_EQ(parsed[2]["sigma"], "inf");
  EXPECT_EQ(parsed[2]["name, \"quoted\""], "say \"hi\"\nthere");
  EXPECT_TRUE(parsed[2]["n"].is_null());
  Table bytes{{"x"}, {}};
  bytes.add({std::string("\xFF")});
  EXPECT_EQ(nlohmann::json::parse(bytes.json())[0]["x"], "\\xff");
  EXPECT_EQ(nlohmann::json::parse(Table{{"x"}, {}}.json()).size(), 0u);
}

TEST(Rows, NoLocaleChangesANumber) {
  const std::string csv = example().csv(), json = example().json();
  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    std::string do_grouping() const override { return "\3"; }
    char do_thousands_sep() const override { return '.'; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale(), new Comma));
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8"}) std::setlocale(LC_ALL, name);  // where it is installed
  const std::string csv_there = example().csv(), json_there = example().json();
  std::setlocale(LC_ALL, "C");
  std::locale::global(before);
  EXPECT_EQ(csv_there, csv);
  EXPECT_EQ(json_there, json);
}

TEST(Rows, WrittenTablesAreTheirText) {
  const test::TempDir folder;
  write_csv(folder / "t.csv", example());
  EXPECT_EQ(read_file(folder / "t.csv", 1 << 20), example().csv());
}

TEST(Rows, JsonLinesAppendAndCutATornLine) {
  const test::TempDir folder;
  const auto path = folder / "log.jsonl";
  {
    JsonLines log(path);
    log.append(R"({"a":1})");
    EXPECT_EQ(read_file(path, 1 << 20), "{\"a\":1}\n");  // there at once
    log.append(R"({"a":2})");
  }
  const std::string whole = "{\"a\":1}\n{\"a\":2}\n";
  for (const std::string& torn : {std::string(), std::string("{\"a\""), std::string(10'000, 'x')}) {
    std::ofstream(path, std::ios::app | std::ios::binary) << torn;
    JsonLines again(path);
    EXPECT_EQ(read_file(path, 1 << 20), whole);
  }
  std::ofstream(folder / "one", std::ios::binary) << "no line end";
  JsonLines(folder / "one").append("{}");
  EXPECT_EQ(read_file(folder / "one", 1 << 20), "{}\n");
}

TEST(Rows, JsonLinesThatCannotBeWrittenAreIoErrors) {
  const test::TempDir folder;
  for (const auto& path : {folder.path(), folder / "missing/f", std::filesystem::path("/dev/full")}) {
    const auto error = test::error_of([&] { JsonLines log(path); });
    ASSERT_TRUE(error) << path;
    EXPECT_EQ(error->code(), ExitCode::kIo) << path;
  }
}

// A file size limit stands for a full disk.
TEST(Rows, JsonLinesOnAFullDiskAreIoErrors) {
  const test::TempDir folder;
  EXPECT_EXIT(
      {
        std::signal(SIGXFSZ, SIG_IGN);
        rlimit limit{};
        limit.rlim_cur = limit.rlim_max = 100;
        ::setrlimit(RLIMIT_FSIZE, &limit);
        int code = 0;
        try {
          JsonLines log(folder / "log.jsonl");
          for (int i = 0; i < 100; ++i) log.append("{\"line\":true}");
        } catch (const Error& error) {
          code = static_cast<int>(error.code());
        }
        std::_Exit(code);
      },
      testing::ExitedWithCode(static_cast<int>(ExitCode::kIo)), "");
}

}  // namespace
}  // namespace farfield

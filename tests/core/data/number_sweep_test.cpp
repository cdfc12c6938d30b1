// Every numeric option of every kind of generated data, as the program's own help lists them, with every hostile number.
#include <map>
#include <regex>
#include <set>

#include <fmt/format.h>

#include "core/data/source.h"
#include "core/text.h"
#include "tests/support/hostile_numbers.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

// "glyphs[,size=16][,count=4096]..." -> "glyphs" with size and count.
std::map<std::string, std::set<std::string>> numeric_options() {
  std::map<std::string, std::set<std::string>> options;
  std::set<std::string> last;
  for (const auto& line : split(data_source_help(), '\n')) {
    std::smatch kind;
    if (!std::regex_search(line, kind, std::regex(R"(^ *([a-z]+)\[,(\S*))"))) continue;
    const std::string rest = kind[2];
    std::set<std::string> keys;
    const std::regex number(R"(([a-z-]+)=\d)");
    for (std::sregex_iterator it(rest.begin(), rest.end(), number), end; it != end; ++it) keys.insert((*it)[1]);
    if (rest.starts_with("...")) keys = last;  // the same as the line above
    last = keys;
    keys.insert("first");
    options[kind[1]] = keys;
  }
  return options;
}

TEST(NumberSweep, OptionsOfGeneratedData) {
  const auto options = numeric_options();
  EXPECT_GE(options.size(), 6u);
  EXPECT_TRUE(options.at("glyphs").contains("size") && options.at("grid").contains("seed"));
  test::NumberSweep sweep;
  for (const auto& [kind, keys] : options) {
    for (const auto& key : keys) {
      for (const auto& number : test::hostile_numbers()) {
        const auto text = fmt::format("{},{}={}{}", kind, key, number, key == "count" ? "" : ",count=16");
        sweep(text, [&] { EXPECT_GT(open_data(text)->info().count, 0); });
      }
    }
  }
}

}  // namespace
}  // namespace farfield

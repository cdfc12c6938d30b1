#include "tests/support/hostile_numbers.h"

#include <ctime>
#include <iostream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace farfield::test {
namespace {

using nlohmann::ordered_json;

// Pointers to all numbers of a document.
void collect(const ordered_json& value, const ordered_json::json_pointer& place,
             std::vector<ordered_json::json_pointer>& numbers) {
  if (value.is_number()) numbers.push_back(place);
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) collect(item, place / key, numbers);
  }
  if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) collect(value[i], place / i, numbers);
  }
}

}  // namespace

const std::vector<std::string>& hostile_numbers() {
  static const std::vector<std::string> numbers = {"0",
                                                   "-1",
                                                   "2147483648",
                                                   "4294967296",
                                                   "9223372036854775807",
                                                   "9223372036854775808",
                                                   "18446744073709551616",
                                                   "nan",
                                                   "inf",
                                                   "-inf",
                                                   "1e400",
                                                   "1e300",
                                                   "1e-300",
                                                   "1e20",
                                                   "0.5",
                                                   "",
                                                   "0x10",
                                                   "-9223372036854775808"};
  return numbers;
}

std::vector<std::string> with_hostile_numbers(const std::string& json) {
  const std::string mark = "\"@number@\"";
  const ordered_json document = ordered_json::parse(json);
  std::vector<ordered_json::json_pointer> places;
  collect(document, ordered_json::json_pointer(), places);
  std::vector<std::string> texts;
  for (const auto& place : places) {
    ordered_json changed = document;
    changed[place] = "@number@";
    const std::string text = changed.dump();
    const size_t at = text.find(mark);
    for (const auto& number : hostile_numbers()) {
      texts.push_back(text.substr(0, at) + number + text.substr(at + mark.size()));
    }
  }
  return texts;
}

NumberSweep::~NumberSweep() {
  std::cout << tried_ << " tried, " << taken_ << " taken\n";
  EXPECT_GT(tried_, 0);
}

bool NumberSweep::operator()(const std::string& what, const std::function<void()>& call) {
  const std::clock_t start = std::clock();  // of the process: other processes do not slow it down
  bool taken = false;
  ++tried_;
  try {
    call();
    taken = true;
    ++taken_;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), refusal_) << what << ": " << error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << what << ": " << error.what();
  }
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 1) << what;
  return taken;
}

}  // namespace farfield::test

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace farfield {

// Things of one kind that a reader found and did not take, or not in every way that their owner may expect.
struct LeftOut {
  std::string what;         // in the plural: "links that point nowhere"
  std::string why, change;  // the reason, and what to do about it
  int64_t count = 0;
  std::vector<std::string> first{};  // the first three names in byte order
};

// The names that a reader did not take, by kind.
class LeftOutList {
 public:
  // `kind` gives what, why and change; one kind has one `what`.
  void add(const LeftOut& kind, std::string_view name);
  void add(const LeftOutList& others);                          // of other kinds
  const std::vector<LeftOut>& kinds() const { return kinds_; }  // sorted by what they are

 private:
  std::vector<LeftOut> kinds_;
};

// "2 links that point nowhere ('a.png', 'b.png'): the reason; what to do", for messages and tables.
std::string to_text(const LeftOut& kind);
// A JSON array with an object {what, count, first, why, change} a kind.
nlohmann::ordered_json to_json(const LeftOutList& list);

}  // namespace farfield

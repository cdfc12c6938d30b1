#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace farfield {

// The options of a NAME[,option=value...], read key by key and checked as they are read. Whoever makes what NAME stands for
// reads each of its options exactly once; what was read, defaults included, makes up resolved().
class OptionValues {
 public:
  // `what` NAME is, for messages: "solver".
  OptionValues(std::string what, std::string name, std::map<std::string, std::string> given = {});

  // `above`: the value must be above it; `at_most`: no more than it. usage_error naming the range otherwise.
  double number(const std::string& key, double fallback, double above, double at_most) const;
  // The same with the lower end included.
  double number_from(const std::string& key, double fallback, double at_least, double at_most) const;
  // A whole number; `fallback` need not lie within the range.
  int64_t integer(const std::string& key, int64_t fallback, int64_t at_least, int64_t at_most) const;
  std::string choice(const std::string& key, const std::string& fallback,
                     const std::vector<std::string>& allowed) const;
  bool flag(const std::string& key, bool fallback) const;                       // yes | no
  std::string text(const std::string& key, const std::string& fallback) const;  // any: the name of a file, say
  bool has(const std::string& key) const { return given_.contains(key); }

  const std::string& name() const { return name_; }
  std::string resolved() const;  // "dpm2,r=0.5"

 private:
  double parsed(const std::string& key, double fallback) const;
  [[noreturn]] void refuse(const std::string& key, const std::string& value, const std::string& expected) const;
  const std::string& remember(const std::string& key, const std::string& value) const;

  std::string what_, name_;
  std::map<std::string, std::string> given_;
  mutable std::map<std::string, std::string> read_;
};

}  // namespace farfield

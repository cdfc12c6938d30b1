#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace farfield {

// A progress bar on stderr. On a terminal: one line, redrawn at most ten times a second, with count, rate and the
// time left; else one plain line every 30 seconds. Nothing at all for work that ends within half a second, or
// when progress is switched off (--quiet).
class Progress {
 public:
  Progress(std::string what, int64_t total, std::string unit);
  ~Progress();  // ends the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `note` stands at the end of the line, for example "loss 0.123".
  void advance(int64_t count = 1, std::string_view note = {});

  static void set_enabled(bool enabled);

 private:
  void draw(std::chrono::steady_clock::time_point now, std::string_view note);

  std::string what_, unit_;
  int64_t total_, done_ = 0;
  std::chrono::steady_clock::time_point start_, last_draw_;
  bool drawn_ = false;
};

}  // namespace farfield

#include "core/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cstdio>

#include <fmt/format.h>

#include "core/printable.h"

namespace farfield {
namespace {

using Clock = std::chrono::steady_clock;
std::atomic<bool> progress_enabled{true};

bool on_terminal() {
  static const bool terminal = isatty(STDERR_FILENO) != 0;
  return terminal;
}

size_t terminal_columns() {
  winsize size = {};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

// On stderr. Where nobody can see it any more (a terminal or pipe that was closed) the work goes on.
void show(const std::string& text) {
  [[maybe_unused]] const size_t written = std::fwrite(text.data(), 1, text.size(), stderr);
}

std::string duration(double seconds) {
  const auto whole = static_cast<int64_t>(std::max(0.0, seconds) + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

Progress::Progress(std::string what, int64_t total, std::string unit)
    : what_(std::move(what)), unit_(std::move(unit)), total_(total), start_(Clock::now()), last_draw_(start_) {}

Progress::~Progress() {
  if (!drawn_ || !on_terminal()) return;
  draw(Clock::now(), {});
  std::fputc('\n', stderr);
}

void Progress::advance(int64_t count, std::string_view note) {
  done_ += count;
  if (!progress_enabled) return;
  const auto now = Clock::now();
  const auto pause = !on_terminal() ? std::chrono::milliseconds(30'000)
                     : drawn_       ? std::chrono::milliseconds(100)
                                    : std::chrono::milliseconds(500);
  if (now - last_draw_ < pause) return;
  last_draw_ = now;
  drawn_ = true;
  draw(now, note);
}

void Progress::draw(Clock::time_point now, std::string_view note) {
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  const double left = rate > 0 ? static_cast<double>(std::max<int64_t>(0, total_ - done_)) / rate : 0;
  std::string text = fmt::format("{}  {}/{} {}  {:.3g} {}/s  {} left{}{}", what_, done_, total_, unit_, rate, unit_,
                                 duration(left), note.empty() ? "" : "  ", note);
  if (total_ == 0) text = fmt::format("{}  {}", what_, duration(seconds));
  text = printable(text);
  if (!on_terminal()) {
    show(text + "\n");
    return;
  }
  const size_t columns = terminal_columns();
  constexpr size_t kBar = 20;
  if (text.size() + kBar + 4 < columns && total_ > 0) {
    const auto filled = static_cast<size_t>(std::clamp(double(done_) / double(total_), 0.0, 1.0) * kBar);
    text = fmt::format("[{}{}] {}", std::string(filled, '#'), std::string(kBar - filled, '.'), text);
  }
  if (text.size() >= columns) text.resize(columns - 1);
  show("\r\x1b[K" + text);
}

void Progress::set_enabled(bool enabled) { progress_enabled = enabled; }

}  // namespace farfield

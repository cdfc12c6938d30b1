#include "core/progress_bar.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "core/printable.h"

namespace farfield {
namespace {

bool stderr_is_terminal() {
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

std::string clock_text(double seconds) {
  const auto whole = static_cast<int64_t>(std::max(0.0, seconds) + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string line_of(const ProgressState& state) {
  if (state.total == 0) return printable(fmt::format("{}  {}", state.what, clock_text(state.seconds)));
  const double rate = state.seconds > 0 ? static_cast<double>(state.done) / state.seconds : 0;
  const auto left = static_cast<double>(std::max<int64_t>(0, state.total - state.done));
  return printable(fmt::format("{}  {}/{} {}  {:.3g} {}/s  {} left{}{}", state.what, state.done, state.total,
                               state.unit, rate, state.unit, clock_text(rate > 0 ? left / rate : 0),
                               state.note.empty() ? "" : "  ", state.note));
}

void draw(const ProgressState& state) {
  std::string text = line_of(state);
  if (!stderr_is_terminal()) {
    show(text + "\n");
    return;
  }
  const size_t columns = terminal_columns();
  constexpr size_t kBar = 20;
  if (text.size() + kBar + 4 < columns && state.total > 0) {
    const double part = std::clamp(double(state.done) / double(state.total), 0.0, 1.0);
    const auto filled = static_cast<size_t>(part * kBar);
    text = fmt::format("[{}{}] {}", std::string(filled, '#'), std::string(kBar - filled, '.'), text);
  }
  if (text.size() >= columns) text.resize(columns - 1);
  show("\r\x1b[K" + text);
}

}  // namespace

void ProgressBar::advanced(const ProgressState& state) {
  const double pause = !stderr_is_terminal() ? 30 : drawn_ ? 0.1 : 0.5;
  if (state.seconds - last_ < pause) return;
  last_ = state.seconds;
  drawn_ = true;
  draw(state);
}

void ProgressBar::ended(const ProgressState& state) {
  if (drawn_ && stderr_is_terminal()) {
    draw(state);
    show("\n");
  }
  last_ = 0;
  drawn_ = false;
}

}  // namespace farfield

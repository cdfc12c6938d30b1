#pragma once

#include "core/progress.h"

namespace farfield {

// Progress on stderr. On a terminal: one line, redrawn at most ten times a second, with count, rate and the time left;
// else one plain line every 30 seconds. Nothing at all for work that ends within half a second.
class ProgressBar final : public ProgressSink {
 public:
  void advanced(const ProgressState& state) override;
  void ended(const ProgressState& state) override;

 private:
  double last_ = 0;     // when the line was drawn, in seconds of the work it shows
  bool drawn_ = false;  // there is a line of this work
};

}  // namespace farfield

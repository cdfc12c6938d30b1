#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/stopwatch.h"

namespace farfield {

// How far a long piece of work is.
struct ProgressState {
  std::string_view what, unit;  // "trajectories", "paths"
  int64_t done = 0, total = 0;  // total 0: only the time is known
  double seconds = 0;           // since it began
  std::string_view note;        // "loss 0.123"
};

// Who is told: a bar on a terminal (core/progress_bar.h), a function of Python, a test. The library itself shows nothing.
class ProgressSink {
 public:
  virtual ~ProgressSink() = default;
  // Called after every advance(), thousands of times a second at worst: throttling is the sink's.
  virtual void advanced(const ProgressState& state) = 0;
  // The work is over, or was left by an exception.
  virtual void ended(const ProgressState& state) = 0;
};

// Hands `sink` down to everything that this thread calls while the object lives; scopes nest, the innermost is told. The
// sink must outlive it. Without one nobody is told.
class ProgressScope {
 public:
  explicit ProgressScope(ProgressSink& sink);
  ~ProgressScope();
  ProgressScope(const ProgressScope&) = delete;
  ProgressScope& operator=(const ProgressScope&) = delete;

 private:
  ProgressSink* outer_;
};

// One piece of work, from its constructor to its destructor. Tells the sink of the thread that made it.
class Progress {
 public:
  Progress(std::string what, int64_t total, std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(int64_t count = 1, std::string_view note = {});

 private:
  ProgressState state(std::string_view note) const;

  ProgressSink* sink_;
  std::string what_, unit_;
  int64_t total_, done_ = 0;
  Stopwatch clock_;
};

}  // namespace farfield

#include "core/progress.h"

#include <utility>

namespace farfield {
namespace {

thread_local ProgressSink* sink_of_thread = nullptr;

}  // namespace

ProgressScope::ProgressScope(ProgressSink& sink) : outer_(std::exchange(sink_of_thread, &sink)) {}
ProgressScope::~ProgressScope() { sink_of_thread = outer_; }

Progress::Progress(std::string what, int64_t total, std::string unit)
    : sink_(sink_of_thread), what_(std::move(what)), unit_(std::move(unit)), total_(total) {}

Progress::~Progress() {
  if (sink_) sink_->ended(state({}));
}

void Progress::advance(int64_t count, std::string_view note) {
  done_ += count;
  if (sink_) sink_->advanced(state(note));
}

ProgressState Progress::state(std::string_view note) const {
  return {what_, unit_, done_, total_, clock_.seconds(), note};
}

}  // namespace farfield

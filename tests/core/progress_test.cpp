#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "core/progress.h"

namespace farfield {
namespace {

class Diary final : public ProgressSink {
 public:
  void advanced(const ProgressState& state) override {
    lines.push_back(fmt::format("{} {}/{} {} {}", state.what, state.done, state.total, state.unit, state.note));
  }
  void ended(const ProgressState& state) override { lines.push_back(fmt::format("{} ended", state.what)); }
  std::vector<std::string> lines;
};

void work(const std::string& what) {
  Progress progress(what, 5, "steps");
  progress.advance(2, "half");
  progress.advance();
}

TEST(Progress, TellsTheScopesSink) {
  Diary diary;
  {
    const ProgressScope scope(diary);
    work("a");
  }
  work("unheard");
  EXPECT_EQ(diary.lines, (std::vector<std::string>{"a 2/5 steps half", "a 3/5 steps ", "a ended"}));
}

TEST(Progress, TellsTheInnermostScopeOfItsOwnThread) {
  Diary outer, inner;
  const ProgressScope scope(outer);
  {
    const ProgressScope nested(inner);
    work("nested");
  }
  work("again");
  std::thread([] { work("elsewhere"); }).join();
  EXPECT_EQ(inner.lines.size(), 3u);
  EXPECT_EQ(outer.lines, (std::vector<std::string>{"again 2/5 steps half", "again 3/5 steps ", "again ended"}));
}

TEST(Progress, EndsWhenAnExceptionLeavesTheWork) {
  Diary diary;
  const ProgressScope scope(diary);
  const auto fail = [] {
    const Progress progress("failing", 5, "steps");
    throw 1;
  };
  EXPECT_THROW(fail(), int);
  EXPECT_EQ(diary.lines, std::vector<std::string>{"failing ended"});
}

}  // namespace
}  // namespace farfield

#include "models/patches/window_plan.h"

#include <algorithm>

namespace farfield {
namespace {

struct AxisRange {
  int64_t first, end;
};

// The ranges of an axis whose members stand for one another: one by one within `reach` of an end, the rest together.
std::vector<AxisRange> border_ranges(int64_t length, int64_t reach) {
  std::vector<AxisRange> ranges;
  for (int64_t i = 0; i < length;) {
    const bool inner = i >= reach && i < length - reach;
    const int64_t end = inner ? length - reach : i + 1;
    ranges.push_back({i, end});
    i = end;
  }
  return ranges;
}

WindowGroup group_of(const AxisRange& rows, const AxisRange& columns, const AxisRange& from_rows,
                     const AxisRange& from_columns, int64_t width) {
  WindowGroup group;
  for (int64_t i = rows.first; i < rows.end; ++i) {
    for (int64_t j = columns.first; j < columns.end; ++j) group.queries.push_back(static_cast<int32_t>(i * width + j));
  }
  for (int64_t i = from_rows.first; i < from_rows.end; ++i) {
    group.candidates.push_back({i, from_columns.first, from_columns.end - from_columns.first});
  }
  return group;
}

}  // namespace

WindowPlan window_plan(const ImageShape& shape, int64_t k, WindowMode mode) {
  const bool wraps = mode == WindowMode::kCircularInterior || mode == WindowMode::kCircularAll;
  WindowPlan plan{k / 2, wraps, {}, {}};
  const AxisRange rows{0, shape.height}, columns{0, shape.width};
  if (mode == WindowMode::kBorder) {
    for (const AxisRange& own_rows : border_ranges(shape.height, plan.reach)) {
      for (const AxisRange& own_columns : border_ranges(shape.width, plan.reach)) {
        WindowGroup group = group_of(own_rows, own_columns, own_rows, own_columns, shape.width);
        if (group.queries.size() == 1) {
          plan.same_place.push_back(group.queries[0]);
        } else {
          plan.groups.push_back(std::move(group));
        }
      }
    }
  } else if (mode == WindowMode::kCircularInterior) {
    const AxisRange inner_rows{plan.reach, shape.height - plan.reach},
        inner_columns{plan.reach, shape.width - plan.reach};
    plan.groups.push_back(group_of(rows, columns, inner_rows, inner_columns, shape.width));
  } else {
    plan.groups.push_back(group_of(rows, columns, rows, columns, shape.width));
  }
  return plan;
}

}  // namespace farfield

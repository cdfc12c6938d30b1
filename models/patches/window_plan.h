#pragma once

#include <cstdint>
#include <vector>

#include "models/patches/training_images.h"

namespace farfield {

// Which windows of training images a pixel may take its value from, and what is beyond the borders.
enum class WindowMode {
  kCircularInterior,  // x wraps; windows inside the training images
  kCircularAll,       // x and the training images wrap; windows everywhere
  kZeroAll,           // zeros around both; windows everywhere
  kBorder,  // zeros around both; a pixel within k / 2 of a border: windows at that distance of it, else any inner ones
};

struct PixelRun {
  int64_t row, column, count;  // along the row
};
// Pixels of the query that have the same candidates.
struct WindowGroup {
  std::vector<int32_t> queries;      // row * width + column
  std::vector<PixelRun> candidates;  // centres in every training image
};
struct WindowPlan {
  int64_t reach;  // (k - 1) / 2
  bool wraps;     // beyond the border of x, and of training images, is the other side; else 0
  std::vector<WindowGroup> groups;
  std::vector<int32_t> same_place;  // pixels that accept windows around themselves alone; no group has them
};

// k odd, at most min(H, W) where something wraps.
WindowPlan window_plan(const ImageShape& shape, int64_t k, WindowMode mode);

}  // namespace farfield

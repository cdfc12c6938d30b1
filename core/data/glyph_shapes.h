#pragma once

#include <vector>

namespace farfield {

struct GlyphPoint {
  double x, y;  // right and down, the digit fills [0,1] in height
};

// One way of writing a digit: strokes are smooth curves (Catmull-Rom) through the points they list; a stroke whose
// first and last point are the same is closed. Points shared by two strokes keep them joined.
struct GlyphShape {
  std::vector<GlyphPoint> points;
  std::vector<std::vector<int>> strokes;
};

// The ways of writing `digit` (0 ... 9).
const std::vector<GlyphShape>& glyph_shapes(int digit);

}  // namespace farfield

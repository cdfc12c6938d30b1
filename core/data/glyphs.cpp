#include <algorithm>
#include <cmath>

#include <ATen/Parallel.h>

#include "core/data/glyph_shapes.h"
#include "core/data/readers.h"
#include "core/limits.h"
#include "core/math/random.h"

// Digits as a hand would write them, 16 x 16 by default. Only + - * / and square roots of doubles are used, which
// IEEE 754 rounds in one way: the same bytes on every machine.
namespace farfield {
namespace {

constexpr int kDigits = 10;
constexpr int kPiecesPerCurve = 6;  // straight pieces between two points of a stroke

// How one sample is written; everything a hand varies.
struct Hand {
  double width_scale, height_scale, slant, cosine, sine, shift_x, shift_y, pen_start, pen_end, ink;

  // Ranges are fractions of the picture's side; the picture holds the largest glyph with its pen.
  explicit Hand(SplitMix64& random) {
    const double size = random.between(0.66, 0.78);
    height_scale = size;
    width_scale = size * random.between(0.74, 1.04);
    slant = -0.06 + 0.13 * random.irwin_hall();
    const double half_turn = 0.04 * random.irwin_hall();  // tangent of half the angle: rotation without sin and cos
    cosine = (1 - half_turn * half_turn) / (1 + half_turn * half_turn);
    sine = 2 * half_turn / (1 + half_turn * half_turn);
    shift_x = random.between(-0.035, 0.035);
    shift_y = random.between(-0.035, 0.035);
    const double pen = random.between(0.042, 0.075);
    pen_start = pen * random.between(0.88, 1.12);
    pen_end = pen * random.between(0.88, 1.12);
    ink = random.between(0.86, 1.0);
  }

  GlyphPoint place(GlyphPoint point, double side) const {
    const double x = (point.x - 0.5) * width_scale - slant * (point.y - 0.5) * height_scale;
    const double y = (point.y - 0.5) * height_scale;
    return {side * (0.5 + shift_x + cosine * x - sine * y), side * (0.5 + shift_y + sine * x + cosine * y)};
  }
};

// Ink in [0, 1] per pixel. Strokes leave the darker of what was there and what they bring.
class Canvas {
 public:
  explicit Canvas(int64_t side) : side_(side), ink_(side * side, 0.0) {}

  // A straight piece of pen radius `from_pen` ... `to_pen`, in pixels; edges fall off over one pixel.
  void line(GlyphPoint from, GlyphPoint to, double from_pen, double to_pen) {
    const double reach = std::max(from_pen, to_pen) + 1;
    const double dx = to.x - from.x, dy = to.y - from.y, square = dx * dx + dy * dy;
    for (int64_t row = low(std::min(from.y, to.y) - reach); row < high(std::max(from.y, to.y) + reach); ++row) {
      for (int64_t column = low(std::min(from.x, to.x) - reach); column < high(std::max(from.x, to.x) + reach);
           ++column) {
        const double px = static_cast<double>(column) + 0.5 - from.x, py = static_cast<double>(row) + 0.5 - from.y;
        const double along = square > 0 ? std::clamp((px * dx + py * dy) / square, 0.0, 1.0) : 0.0;
        const double ex = px - along * dx, ey = py - along * dy;
        const double depth = from_pen + along * (to_pen - from_pen) - std::sqrt(ex * ex + ey * ey);
        double& ink = ink_[row * side_ + column];
        ink = std::max(ink, std::clamp(depth + 0.5, 0.0, 1.0));
      }
    }
  }

  void copy_to(uint8_t* pixels, double brightness) const {
    for (size_t i = 0; i < ink_.size(); ++i) pixels[i] = static_cast<uint8_t>(255 * brightness * ink_[i] + 0.5);
  }

 private:
  int64_t low(double edge) const { return std::clamp<int64_t>(static_cast<int64_t>(edge), 0, side_); }
  int64_t high(double edge) const { return std::clamp<int64_t>(static_cast<int64_t>(edge) + 1, 0, side_); }

  int64_t side_;
  std::vector<double> ink_;
};

// Catmull-Rom between b and c.
GlyphPoint curve(GlyphPoint a, GlyphPoint b, GlyphPoint c, GlyphPoint d, double t) {
  const auto blend = [t](double a, double b, double c, double d) {
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  };
  return {blend(a.x, b.x, c.x, d.x), blend(a.y, b.y, c.y, d.y)};
}

void draw_stroke(Canvas& canvas, const std::vector<GlyphPoint>& points, const std::vector<int>& stroke,
                 double pen_start, double pen_end) {
  const int last = static_cast<int>(stroke.size()) - 1;
  const bool closed = last > 1 && stroke.front() == stroke.back();
  const auto point = [&](int place) {
    const int wrapped = closed ? (place + last) % last : std::clamp(place, 0, last);
    return points[stroke[wrapped]];
  };
  const int pieces = last * kPiecesPerCurve;
  GlyphPoint from = point(0);
  for (int piece = 1; piece <= pieces; ++piece) {
    const int place = (piece - 1) / kPiecesPerCurve;
    const double t = static_cast<double>(piece - place * kPiecesPerCurve) / kPiecesPerCurve;
    const GlyphPoint to = curve(point(place - 1), point(place), point(place + 1), point(place + 2), t);
    const double pen_step = (pen_end - pen_start) / pieces;
    canvas.line(from, to, pen_start + (piece - 1) * pen_step, pen_start + piece * pen_step);
    from = to;
  }
}

// Sample `place` of seed `seed`: a function of these and the size, not of how many there are.
void draw_glyph(uint64_t seed, int64_t place, int64_t side, uint8_t* pixels) {
  constexpr double kWobble = 0.022;  // of the digit's height, standard deviation per point and axis
  SplitMix64 random(mix_key({seed, static_cast<uint64_t>(place)}));
  const auto& shapes = glyph_shapes(static_cast<int>(place % kDigits));
  const auto& shape = shapes[random.below(shapes.size())];
  const Hand hand(random);
  const double pixels_per_unit = static_cast<double>(side);
  std::vector<GlyphPoint> points;
  for (const GlyphPoint& point : shape.points) {
    const double x = point.x + kWobble * random.irwin_hall(), y = point.y + kWobble * random.irwin_hall();
    points.push_back(hand.place({x, y}, pixels_per_unit));
  }
  Canvas canvas(side);
  for (const auto& stroke : shape.strokes) {
    draw_stroke(canvas, points, stroke, hand.pen_start * pixels_per_unit, hand.pen_end * pixels_per_unit);
  }
  canvas.copy_to(pixels, hand.ink);
}

}  // namespace

RawSamples draw_glyphs(const SourceRequest& request) {
  const int64_t side = request.integer("size", 16, 8, 128);
  const int64_t count = std::min(request.integer("count", 4096, 1, limits::kMostBytes / (side * side)),
                                 request.first());
  const auto seed = static_cast<uint64_t>(request.integer("seed", 0, 0, INT64_MAX));
  RawSamples raw;
  raw.samples = torch::empty({count, 1, side, side}, torch::kUInt8);
  raw.labels = torch::arange(count, torch::kInt64).remainder(kDigits);
  raw.label_dim = kDigits;
  uint8_t* pixels = raw.samples.data_ptr<uint8_t>();
  at::parallel_for(0, count, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) draw_glyph(seed, i, side, pixels + i * side * side);
  });
  return raw;
}

}  // namespace farfield

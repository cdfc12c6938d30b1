#include "train/augment_warp.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace farfield {
namespace {

// Low-pass filter of Daubechies' least asymmetric wavelet with 6 vanishing moments; sums to sqrt(2).
constexpr std::array<double, 12> kSym6 = {0.015404109327027373, 0.0034907120842174702, -0.11799011114819057,
                                          -0.048311742585633,   0.4910559419267466,    0.787641141030194,
                                          0.3379294217276218,   -0.07263748278646252,  -0.021060292512300564,
                                          0.04472490177066578,  0.0017677118642428036, -0.007800708325034148};
constexpr int64_t kTaps = kSym6.size(), kBorder = kTaps / 4;  // pixels beside the image that the last filter reads

struct Plane {
  int64_t height, width;
  std::vector<float> values;
  Plane(int64_t rows, int64_t columns) : height(rows), width(columns), values(rows * columns) {}
  float* row(int64_t y) { return values.data() + y * width; }
  const float* row(int64_t y) const { return values.data() + y * width; }
};

struct Margins {
  int64_t left, top, right, bottom;
};

// How far beyond the image the result reads: where the corners of its border come from, and half a filter more. NVlabs'
// code takes the corners of the image itself and the largest margins of a batch; an image then depends on its neighbours.
Margins margins_of(const AffineMap& map, const ImageShape& shape) {
  const double cx = static_cast<double>(shape.width - 1) / 2, cy = static_cast<double>(shape.height - 1) / 2;
  constexpr int64_t kReach = kTaps / 4 + 1;
  constexpr auto kFilter = static_cast<double>(kReach);
  double left = 0, top = 0, right = 0, bottom = 0;
  for (const double x : {-cx - kBorder, cx + kBorder}) {
    for (const double y : {-cy - kBorder, cy + kBorder}) {
      const double u = map.a * x + map.b * y + map.c, v = map.d * x + map.e * y + map.f;
      left = std::max(left, -u - cx + kFilter);
      right = std::max(right, u - cx + kFilter);
      top = std::max(top, -v - cy + kFilter);
      bottom = std::max(bottom, v - cy + kFilter);
    }
  }
  const auto limited = [](double margin, int64_t size) {
    return static_cast<int64_t>(std::ceil(std::min(margin, static_cast<double>(size - 1))));
  };
  return {limited(left, shape.width), limited(top, shape.height), limited(right, shape.width),
          limited(bottom, shape.height)};
}

int64_t reflected(int64_t index, int64_t size) {
  if (index < 0) return -index;
  return index < size ? index : 2 * (size - 1) - index;
}

Plane padded(const float* channel, const ImageShape& shape, const Margins& margins) {
  Plane plane(shape.height + margins.top + margins.bottom, shape.width + margins.left + margins.right);
  for (int64_t y = 0; y < plane.height; ++y) {
    const float* from = channel + reflected(y - margins.top, shape.height) * shape.width;
    float* to = plane.row(y);
    for (int64_t x = 0; x < plane.width; ++x) to[x] = from[reflected(x - margins.left, shape.width)];
  }
  return plane;
}

// Zeros between the values of a line, then the filter: sample n is the sum over i of value_i h[5 + n - 2 i].
// `stride` is the distance between two values of the line, in both.
void upsample_line(const float* line, int64_t size, float* result, int64_t stride, int64_t result_stride) {
  for (int64_t n = 0; n < 2 * size; ++n) {
    const int64_t first = std::max<int64_t>(0, (n - 5) / 2), last = std::min(size - 1, (n + 5) / 2);
    float sum = 0;
    for (int64_t i = first; i <= last; ++i) {
      const int64_t tap = kTaps / 2 - 1 + n - 2 * i;
      if (tap >= 0 && tap < kTaps) sum += line[i * stride] * static_cast<float>(kSym6[tap]);
    }
    result[n * result_stride] = sum;
  }
}

Plane upsampled(const Plane& plane) {
  Plane wide(plane.height, 2 * plane.width), both(2 * plane.height, 2 * plane.width);
  for (int64_t y = 0; y < plane.height; ++y) upsample_line(plane.row(y), plane.width, wide.row(y), 1, 1);
  for (int64_t x = 0; x < wide.width; ++x) {
    upsample_line(wide.values.data() + x, wide.height, both.values.data() + x, wide.width, both.width);
  }
  return both;
}

// The map in pixels from the centre of the upsampled, padded image.
AffineMap at_double_size(const AffineMap& inverse, const Margins& margins) {
  const auto half = [](int64_t a, int64_t b) { return static_cast<double>(a - b) / 2; };
  const AffineMap to_padded{1, 0, half(margins.left, margins.right), 0, 1, half(margins.top, margins.bottom)};
  return AffineMap{2, 0, -0.5, 0, 2, -0.5} * to_padded * inverse * AffineMap{0.5, 0, 0.25, 0, 0.5, 0.25};
}

float bilinear(const Plane& plane, double x, double y) {
  const double x0 = std::floor(x), y0 = std::floor(y);
  if (!(x0 >= -1 && y0 >= -1 && x0 < static_cast<double>(plane.width) && y0 < static_cast<double>(plane.height)))
    return 0;
  const auto value = [&](int64_t row, int64_t column) {
    const bool inside = row >= 0 && row < plane.height && column >= 0 && column < plane.width;
    return inside ? plane.row(row)[column] : 0.f;
  };
  const auto column = static_cast<int64_t>(x0), row = static_cast<int64_t>(y0);
  const auto fx = static_cast<float>(x - x0), fy = static_cast<float>(y - y0);
  const float above = value(row, column) * (1 - fx) + value(row, column + 1) * fx;
  const float below = value(row + 1, column) * (1 - fx) + value(row + 1, column + 1) * fx;
  return above * (1 - fy) + below * fy;
}

// The result at double size with kBorder pixels around it.
Plane sampled(const Plane& source, const AffineMap& map, const ImageShape& shape) {
  Plane plane(2 * (shape.height + 2 * kBorder), 2 * (shape.width + 2 * kBorder));
  const auto centre = [](int64_t size) { return static_cast<double>(size - 1) / 2; };
  for (int64_t row = 0; row < plane.height; ++row) {
    const double y = static_cast<double>(row) - centre(plane.height);
    for (int64_t column = 0; column < plane.width; ++column) {
      const double x = static_cast<double>(column) - centre(plane.width);
      plane.row(row)[column] = bilinear(source, map.a * x + map.b * y + map.c + centre(source.width),
                                        map.d * x + map.e * y + map.f + centre(source.height));
    }
  }
  return plane;
}

float filtered(const float* first, int64_t stride) {
  float sum = 0;
  for (int64_t tap = 0; tap < kTaps; ++tap) sum += first[tap * stride] * static_cast<float>(kSym6[tap]);
  return sum;
}

void downsample(const Plane& plane, const ImageShape& shape, float* result) {
  Plane narrow(plane.height, shape.width);
  for (int64_t y = 0; y < plane.height; ++y) {
    for (int64_t x = 0; x < shape.width; ++x) narrow.row(y)[x] = filtered(plane.row(y) + 2 * x + 1, 1);
  }
  for (int64_t y = 0; y < shape.height; ++y) {
    for (int64_t x = 0; x < shape.width; ++x) {
      result[y * shape.width + x] = filtered(narrow.row(2 * y + 1) + x, narrow.width);
    }
  }
}

}  // namespace

void warp_image(const float* image, ImageShape shape, const AffineMap& inverse, float* result) {
  const Margins margins = margins_of(inverse, shape);
  const AffineMap map = at_double_size(inverse, margins);
  const int64_t size = shape.height * shape.width;
  for (int64_t channel = 0; channel < shape.channels; ++channel) {
    const Plane source = upsampled(padded(image + channel * size, shape, margins));
    downsample(sampled(source, map, shape), shape, result + channel * size);
  }
}

}  // namespace farfield

#include "analysis/features/pil_resize.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <ATen/Parallel.h>

#include "core/error.h"

namespace farfield {
namespace {

constexpr double kSupport = 2;       // of the kernel, in source pixels where nothing shrinks
constexpr int kFixedPointBits = 22;  // of weights for bytes: 32 less 8 of the byte less 2 to spare

// Which source pixels make one pixel, and how much of each.
struct Taps {
  int64_t first = 0;
  std::vector<double> weights;
};

double cubic_kernel(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

std::vector<Taps> taps_of(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double stretch = std::max(scale, 1.0), support = kSupport * stretch;
  std::vector<Taps> all(static_cast<size_t>(to));
  for (int64_t i = 0; i < to; ++i) {
    Taps& taps = all[static_cast<size_t>(i)];
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    taps.first = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    const int64_t end = std::min(from, static_cast<int64_t>(centre + support + 0.5));
    double sum = 0;
    for (int64_t j = taps.first; j < end; ++j) {
      taps.weights.push_back(cubic_kernel((static_cast<double>(j) - centre + 0.5) * (1 / stretch)));
      sum += taps.weights.back();
    }
    for (double& weight : taps.weights) weight /= sum;
  }
  return all;
}

// Floats with float64 weights and sums.
struct FloatArithmetic {
  using Pixel = float;
  using Weight = double;
  static Weight weight(double value) { return value; }
  static Pixel sum(const Pixel* source, int64_t stride, const std::vector<Weight>& weights) {
    double sum = 0;
    for (size_t k = 0; k < weights.size(); ++k) sum += source[static_cast<int64_t>(k) * stride] * weights[k];
    return static_cast<float>(sum);
  }
};

// Bytes with fixed-point weights and sums.
struct ByteArithmetic {
  using Pixel = uint8_t;
  using Weight = int32_t;
  static Weight weight(double value) {
    return static_cast<int32_t>((value < 0 ? -0.5 : 0.5) + value * (1 << kFixedPointBits));
  }
  static Pixel sum(const Pixel* source, int64_t stride, const std::vector<Weight>& weights) {
    int32_t sum = 1 << (kFixedPointBits - 1);
    for (size_t k = 0; k < weights.size(); ++k) sum += source[static_cast<int64_t>(k) * stride] * weights[k];
    return static_cast<uint8_t>(std::clamp(sum >> kFixedPointBits, 0, 255));
  }
};

template <class Arithmetic>
struct Direction {
  explicit Direction(int64_t from, int64_t to) {
    for (const Taps& taps : taps_of(from, to)) {
      first.push_back(taps.first);
      std::transform(taps.weights.begin(), taps.weights.end(), std::back_inserter(weights.emplace_back()),
                     Arithmetic::weight);
    }
  }
  std::vector<int64_t> first;
  std::vector<std::vector<typename Arithmetic::Weight>> weights;
};

// Planes [P, H, W] to [P, H, size], along their rows.
template <class Arithmetic>
torch::Tensor along_rows(const torch::Tensor& planes, int64_t size) {
  using Pixel = typename Arithmetic::Pixel;
  const int64_t lines = planes.size(0) * planes.size(1), width = planes.size(2);
  if (width == size) return planes;
  const Direction<Arithmetic> direction(width, size);
  torch::Tensor result = torch::empty({planes.size(0), planes.size(1), size}, planes.options());
  const auto* source = planes.const_data_ptr<Pixel>();
  auto* out = result.data_ptr<Pixel>();
  at::parallel_for(0, lines, 256, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      for (int64_t i = 0; i < size; ++i) {
        const auto place = static_cast<size_t>(i);
        out[line * size + i] = Arithmetic::sum(source + line * width + direction.first[place], 1,
                                               direction.weights[place]);
      }
    }
  });
  return result;
}

// Planes [P, H, W] to [P, size, W], along their columns.
template <class Arithmetic>
torch::Tensor along_columns(const torch::Tensor& planes, int64_t size) {
  using Pixel = typename Arithmetic::Pixel;
  const int64_t height = planes.size(1), width = planes.size(2);
  if (height == size) return planes;
  const Direction<Arithmetic> direction(height, size);
  torch::Tensor result = torch::empty({planes.size(0), size, width}, planes.options());
  const auto* source = planes.const_data_ptr<Pixel>();
  auto* out = result.data_ptr<Pixel>();
  at::parallel_for(0, planes.size(0) * size, 64, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const auto place = static_cast<size_t>(line % size);
      const Pixel* from = source + (line / size * height + direction.first[place]) * width;
      for (int64_t j = 0; j < width; ++j)
        out[line * width + j] = Arithmetic::sum(from + j, width, direction.weights[place]);
    }
  });
  return result;
}

template <class Arithmetic>
torch::Tensor resized(const torch::Tensor& images, int64_t size) {
  check(images.dim() == 4 && size >= 1, "resize_bicubic takes images [B, C, H, W] and a size above 0");
  const torch::Tensor planes = images.contiguous().flatten(0, 1);
  return along_columns<Arithmetic>(along_rows<Arithmetic>(planes, size), size)
      .reshape({images.size(0), images.size(1), size, size});
}

}  // namespace

torch::Tensor resize_bicubic(const torch::Tensor& images, int64_t size) {
  return resized<FloatArithmetic>(images.to(torch::kCPU, torch::kFloat32), size);
}

torch::Tensor resize_bicubic_bytes(const torch::Tensor& images, int64_t size) {
  check(images.scalar_type() == torch::kUInt8, "resize_bicubic_bytes takes bytes");
  return resized<ByteArithmetic>(images.cpu(), size);
}

}  // namespace farfield

#include "models/patches/window_tiles.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <type_traits>

namespace farfield {
namespace {

constexpr int64_t kTileBytes = int64_t{1} << 19, kMostTileWindows = 2048;

template <class Scalar>
torch::Tensor numbers_of(int64_t count) {
  return torch::empty({count}, std::is_same_v<Scalar, float> ? torch::kFloat32 : torch::kFloat64);
}

// visit(number of the depth, row of the window as `side` numbers) for every row of a window.
template <class Scalar, class Visit>
void for_each_row(const PaddedImages<Scalar>& padded, const WindowExtent& extent, const Scalar* window,
                  const Visit& visit) {
  int64_t depth = 0;
  for (int64_t c = 0; c < extent.channels; ++c) {
    for (int64_t a = 0; a < extent.side; ++a, depth += extent.side) {
      visit(depth, window + c * padded.channel_stride() + a * padded.row_stride());
    }
  }
}

uint64_t mixed(uint64_t value) {
  value = (value ^ (value >> 31)) * 0x9E3779B97F4A7C15u;
  return value ^ (value >> 29);
}

template <class Scalar>
uint64_t bits_of(Scalar value) {
  using Bits = std::conditional_t<sizeof(Scalar) == 4, uint32_t, uint64_t>;
  return std::bit_cast<Bits>(value + Scalar{0});  // -0 is 0
}

template <class Scalar>
bool equal_windows(const PaddedImages<Scalar>& padded, const WindowExtent& extent, const DistinctWindow& one,
                   const DistinctWindow& other) {
  const Scalar* first = padded.window(one.image, one.row, one.column);
  const Scalar* second = padded.window(other.image, other.row, other.column);
  for (int64_t c = 0; c < extent.channels; ++c) {
    for (int64_t a = 0; a < extent.side; ++a) {
      const int64_t row = c * padded.channel_stride() + a * padded.row_stride();
      if (!std::equal(first + row, first + row + extent.side, second + row)) return false;
    }
  }
  return true;
}

// `count` odd numbers that depend on nothing.
std::vector<uint64_t> odd_numbers(int64_t count, uint64_t seed) {
  std::vector<uint64_t> numbers;
  for (int64_t i = 0; i < count; ++i) numbers.push_back(mixed(seed += 2) | 1);
  return numbers;
}

}  // namespace

// Rows first, so that a window costs 2 k operations a channel instead of k^2.
template <class Scalar>
WindowHashes<Scalar>::WindowHashes(const PaddedImages<Scalar>& padded, int64_t images, const WindowExtent& extent,
                                   const ImageShape& shape)
    : height_(shape.height), width_(shape.width) {
  hashes_.resize(static_cast<size_t>(images * height_ * width_));
  const int64_t rows = height_ + extent.side - 1;
  const auto along = odd_numbers(extent.side, 1), across = odd_numbers(extent.side * extent.channels, 2);
  std::vector<uint64_t> numbers(static_cast<size_t>(padded.row_stride())), row_hash(static_cast<size_t>(width_));
  for (int64_t image = 0; image < images; ++image) {
    uint64_t* const own = hashes_.data() + image * height_ * width_;
    for (int64_t c = 0; c < extent.channels; ++c) {
      for (int64_t i = 0; i < rows; ++i) {
        const Scalar* row = padded.window(image, i, 0) + c * padded.channel_stride();
        std::transform(row, row + padded.row_stride(), numbers.begin(), [](Scalar x) { return mixed(bits_of(x)); });
        for (int64_t j = 0; j < width_; ++j) {
          uint64_t sum = 0;
          for (int64_t b = 0; b < extent.side; ++b) {
            sum += along[static_cast<size_t>(b)] * numbers[static_cast<size_t>(j + b)];
          }
          row_hash[static_cast<size_t>(j)] = mixed(sum);
        }
        // Row i is row a of the windows around pixels of row i - a.
        for (int64_t a = std::max<int64_t>(0, i - height_ + 1); a < std::min(extent.side, i + 1); ++a) {
          const uint64_t factor = across[static_cast<size_t>(c * extent.side + a)];
          for (int64_t j = 0; j < width_; ++j) own[(i - a) * width_ + j] += factor * row_hash[static_cast<size_t>(j)];
        }
      }
    }
    std::transform(own, own + height_ * width_, own, mixed);
  }
}

template <class Scalar>
std::vector<DistinctWindow> distinct_windows(const PaddedImages<Scalar>& padded, const WindowHashes<Scalar>& hashes,
                                             int64_t images, const WindowExtent& extent,
                                             const std::vector<PixelRun>& candidates) {
  int64_t count = 0;
  for (const PixelRun& run : candidates) count += run.count * images;
  std::vector<DistinctWindow> windows;
  windows.reserve(static_cast<size_t>(count));
  const auto slots = std::bit_ceil(static_cast<size_t>(2 * count));
  std::vector<int32_t> table(slots, -1);
  for (int64_t image = 0; image < images; ++image) {
    for (const PixelRun& run : candidates) {
      for (int64_t column = run.column; column < run.column + run.count; ++column) {
        const DistinctWindow window{static_cast<int32_t>(image), static_cast<int32_t>(run.row),
                                    static_cast<int32_t>(column), 1};
        size_t slot = hashes.of(image, run.row, column) & (slots - 1);
        while (table[slot] >= 0 && !equal_windows(padded, extent, windows[static_cast<size_t>(table[slot])], window)) {
          slot = (slot + 1) & (slots - 1);
        }
        if (table[slot] >= 0) {
          ++windows[static_cast<size_t>(table[slot])].count;
        } else {
          table[slot] = static_cast<int32_t>(windows.size());
          windows.push_back(window);
        }
      }
    }
  }
  return windows;
}

template <class Scalar>
torch::Tensor query_panels(const PaddedImages<Scalar>& padded, const WindowExtent& extent, int64_t width,
                           const std::vector<int32_t>& pixels) {
  const int64_t panels = (std::ssize(pixels) + kProductRows - 1) / kProductRows;
  torch::Tensor result = numbers_of<Scalar>(panels * extent.depth() * kProductRows).zero_();
  auto* const out = result.template data_ptr<Scalar>();
  for (int64_t q = 0; q < std::ssize(pixels); ++q) {
    Scalar* const own = out + q / kProductRows * extent.depth() * kProductRows + q % kProductRows;
    const int64_t pixel = pixels[static_cast<size_t>(q)];
    for_each_row(padded, extent, padded.window(0, pixel / width, pixel % width), [&](int64_t depth, const Scalar* row) {
      for (int64_t b = 0; b < extent.side; ++b) own[(depth + b) * kProductRows] = row[b];
    });
  }
  return result;
}

template <class Scalar>
WindowTile<Scalar>::WindowTile(const WindowExtent& extent, int64_t windows) : extent_(extent) {
  const int64_t columns = (windows + kProductColumns<Scalar> - 1) / kProductColumns<Scalar> * kProductColumns<Scalar>;
  panels_ = numbers_of<Scalar>(columns * extent.depth());
  bias_ = numbers_of<Scalar>(columns);
  counts_ = numbers_of<Scalar>(columns);
  values_ = numbers_of<Scalar>(columns * extent.channels);
}

template <class Scalar>
void WindowTile<Scalar>::pack(const PaddedImages<Scalar>& padded, const std::vector<DistinctWindow>& windows,
                              int64_t first, int64_t count, double shift) {
  constexpr int64_t kColumns = kProductColumns<Scalar>;
  columns_ = (count + kColumns - 1) / kColumns * kColumns;
  auto* const values = values_.template data_ptr<Scalar>();
  for (int64_t t = 0; t < columns_; ++t) {
    const DistinctWindow& window = windows[static_cast<size_t>(first + std::min(t, count - 1))];
    Scalar* const out = panels_.template data_ptr<Scalar>() + t / kColumns * kColumns * extent_.depth() + t % kColumns;
    double square = 0;
    for_each_row(padded, extent_, padded.window(window.image, window.row, window.column),
                 [&](int64_t depth, const Scalar* row) {
      for (int64_t b = 0; b < extent_.side; ++b) {
        out[(depth + b) * kColumns] = row[b];
        square += static_cast<double>(row[b]) * row[b];
      }
    });
    const bool there = t < count;
    bias_.template data_ptr<Scalar>()[t] = there ? static_cast<Scalar>(-square / 2)
                                                 : std::numeric_limits<Scalar>::lowest() / 4;
    counts_.template data_ptr<Scalar>()[t] = there ? static_cast<Scalar>(window.count) : 0;
    for (int64_t c = 0; c < extent_.channels; ++c) {
      const auto centre = static_cast<double>(padded.centre(window.image, c, window.row, window.column));
      values[c * columns_ + t] = static_cast<Scalar>(centre + shift);
    }
  }
}

template <class Scalar>
int64_t windows_of_tile(const WindowExtent& extent) {
  const int64_t fit = kTileBytes / (extent.depth() * static_cast<int64_t>(sizeof(Scalar)));
  const int64_t whole = fit / kProductColumns<Scalar> * kProductColumns<Scalar>;
  return std::clamp(whole, kProductColumns<Scalar>, kMostTileWindows);
}

template class WindowHashes<float>;
template class WindowHashes<double>;
template std::vector<DistinctWindow> distinct_windows(const PaddedImages<float>&, const WindowHashes<float>&, int64_t,
                                                      const WindowExtent&, const std::vector<PixelRun>&);
template std::vector<DistinctWindow> distinct_windows(const PaddedImages<double>&, const WindowHashes<double>&, int64_t,
                                                      const WindowExtent&, const std::vector<PixelRun>&);
template torch::Tensor query_panels(const PaddedImages<float>&, const WindowExtent&, int64_t,
                                    const std::vector<int32_t>&);
template torch::Tensor query_panels(const PaddedImages<double>&, const WindowExtent&, int64_t,
                                    const std::vector<int32_t>&);
template class WindowTile<float>;
template class WindowTile<double>;
template int64_t windows_of_tile<float>(const WindowExtent&);
template int64_t windows_of_tile<double>(const WindowExtent&);

}  // namespace farfield

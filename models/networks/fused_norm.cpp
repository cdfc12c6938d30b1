#include "models/networks/fused_norm.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "core/error.h"

// The inner loops are plain C++ for the compiler to vectorise, compiled once a kind of CPU and chosen at load time.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FARFIELD_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
#else
#define FARFIELD_CLONES
#endif

namespace farfield {
namespace {

constexpr int64_t kChunkPixels = 128;  // a fixed cut, so that sums do not depend on the number of threads

// A bfloat16 is the upper half of a float.
inline float widen(uint16_t value) { return std::bit_cast<float>(static_cast<uint32_t>(value) << 16); }
inline float widen(float value) { return value; }

inline void narrow(float value, uint16_t& out) {  // to nearest, ties to even; values here are finite or NaN
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  out = static_cast<uint16_t>(value != value ? 0x7fc0 : rounded);
}
inline void narrow(float value, float& out) { out = value; }

// exp(x) for x <= 0 by 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2]; relative error below 2e-7. Below -87: 0.
inline float exp_of_negative(float x) {
  const float clamped = x < -87.0f ? -87.0f : x;
  const float n = std::floor(clamped * 1.44269504f + 0.5f);
  const float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;  // ln 2 in two parts
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const float power = std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
  return x < -87.0f ? 0.0f : p * power;
}

// y / (1 + exp(-y)), with exp of -|y| alone so that nothing overflows.
inline float silu_of(float y) {
  const float e = exp_of_negative(y < 0 ? y : -y);
  return y * ((y < 0 ? e : 1.0f) / (1.0f + e));
}

template <class T>
inline __attribute__((always_inline)) void add_moments(const T* x, int64_t pixels, int64_t channels, const float* first,
                                                       float* sums, float* squares) {
  for (int64_t p = 0; p < pixels; ++p) {
    const T* row = x + p * channels;
    for (int64_t c = 0; c < channels; ++c) {
      const float apart = widen(row[c]) - first[c];
      sums[c] += apart;
      squares[c] += apart * apart;
    }
  }
}

template <class T>
inline __attribute__((always_inline)) void apply_silu(const T* x, int64_t pixels, int64_t channels, const float* factor,
                                                      const float* constant, T* out) {
  for (int64_t p = 0; p < pixels; ++p) {
    const T* row = x + p * channels;
    T* to = out + p * channels;
    for (int64_t c = 0; c < channels; ++c) narrow(silu_of(widen(row[c]) * factor[c] + constant[c]), to[c]);
  }
}

FARFIELD_CLONES void moments(const uint16_t* x, int64_t pixels, int64_t channels, const float* first, float* sums,
                             float* squares) {
  add_moments(x, pixels, channels, first, sums, squares);
}
FARFIELD_CLONES void moments(const float* x, int64_t pixels, int64_t channels, const float* first, float* sums,
                             float* squares) {
  add_moments(x, pixels, channels, first, sums, squares);
}
FARFIELD_CLONES void apply(const uint16_t* x, int64_t pixels, int64_t channels, const float* factor,
                           const float* constant, uint16_t* out) {
  apply_silu(x, pixels, channels, factor, constant, out);
}
FARFIELD_CLONES void apply(const float* x, int64_t pixels, int64_t channels, const float* factor, const float* constant,
                           float* out) {
  apply_silu(x, pixels, channels, factor, constant, out);
}

struct Sizes {
  int64_t batch, channels, pixels, chunks;
};

const float* row_of(const torch::Tensor& table, int64_t row) {
  return table.defined() ? table.const_data_ptr<float>() + row * table.size(1) : nullptr;
}

// factor, constant [C] of one sample: silu(x factor + constant). `partial` [chunks, 2, C] holds its sums and squares
// about `first` [C].
void coefficients(const Sizes& sizes, const NormParameters& norm, const NormModulation& modulation, int64_t sample,
                  const float* partial, const float* first, float* factor, float* constant) {
  const float *offset = row_of(modulation.offset, sample), *scale = row_of(modulation.scale, sample),
              *shift = row_of(modulation.shift, sample);
  const float *weight = norm.weight.const_data_ptr<float>(), *bias = norm.bias.const_data_ptr<float>();
  const int64_t in_group = sizes.channels / norm.groups;
  const auto count = static_cast<double>(sizes.pixels);
  std::vector<double> means(in_group);
  for (int64_t group = 0; group < norm.groups; ++group) {
    double mean = 0, squares = 0;
    for (int64_t i = 0; i < in_group; ++i) {
      const int64_t c = group * in_group + i;
      double sum = 0, square = 0;
      for (int64_t chunk = 0; chunk < sizes.chunks; ++chunk) {
        sum += partial[chunk * 2 * sizes.channels + c];
        square += partial[(chunk * 2 + 1) * sizes.channels + c];
      }
      means[i] = first[c] + sum / count + (offset != nullptr ? offset[c] : 0);
      mean += means[i] / static_cast<double>(in_group);
      squares += square - sum * sum / count;
    }
    for (const double channel_mean : means) squares += count * (channel_mean - mean) * (channel_mean - mean);
    const double variance = std::max(0.0, squares / (count * static_cast<double>(in_group)));
    const double inverse = 1 / std::sqrt(variance + norm.eps);
    for (int64_t c = group * in_group; c < (group + 1) * in_group; ++c) {
      const double after = scale != nullptr ? 1.0 + scale[c] : 1.0, slope = inverse * weight[c] * after;
      factor[c] = static_cast<float>(slope);
      constant[c] = static_cast<float>(((offset != nullptr ? offset[c] : 0.0) - mean) * slope + bias[c] * after +
                                       (shift != nullptr ? shift[c] : 0.0));
    }
  }
}

template <class T>
void run(const T* x, T* out, const Sizes& sizes, const NormParameters& norm, const NormModulation& modulation) {
  const int64_t channels = sizes.channels, sample_size = sizes.pixels * channels, items = sizes.batch * sizes.chunks;
  std::vector<float> first(sizes.batch * channels), partial(items * 2 * channels), factor(first.size()),
      constant(first.size());
  const auto range = [&](int64_t item) {
    const int64_t begin = item % sizes.chunks * kChunkPixels;
    return std::pair{item / sizes.chunks * sample_size + begin * channels, std::min(kChunkPixels, sizes.pixels - begin)};
  };
  for (int64_t i = 0; i < sizes.batch; ++i) {
    for (int64_t c = 0; c < channels; ++c) first[i * channels + c] = widen(x[i * sample_size + c]);
  }
  at::parallel_for(0, items, 1, [&](int64_t from, int64_t to) {
    for (int64_t item = from; item < to; ++item) {
      const auto [start, pixels] = range(item);
      float* sums = partial.data() + item * 2 * channels;
      moments(x + start, pixels, channels, first.data() + item / sizes.chunks * channels, sums, sums + channels);
    }
  });
  for (int64_t i = 0; i < sizes.batch; ++i) {
    coefficients(sizes, norm, modulation, i, partial.data() + i * sizes.chunks * 2 * channels,
                 first.data() + i * channels, factor.data() + i * channels, constant.data() + i * channels);
  }
  at::parallel_for(0, items, 1, [&](int64_t from, int64_t to) {
    for (int64_t item = from; item < to; ++item) {
      const auto [start, pixels] = range(item);
      const int64_t row = item / sizes.chunks * channels;
      apply(x + start, pixels, channels, factor.data() + row, constant.data() + row, out + start);
    }
  });
}

torch::Tensor as_float(const torch::Tensor& table) {
  return table.defined() ? table.to(torch::kFloat32).contiguous() : table;
}

}  // namespace

bool can_fuse_norm(const torch::Tensor& x) {
  const auto dtype = x.scalar_type();
  return !at::GradMode::is_enabled() && x.is_cpu() && x.dim() == 4 && x.numel() > 0 &&
         (dtype == torch::kBFloat16 || dtype == torch::kFloat32) && x.is_contiguous(torch::MemoryFormat::ChannelsLast);
}

void fused_norm_silu(const torch::Tensor& x, const NormParameters& norm, const NormModulation& modulation,
                     const torch::Tensor& out) {
  check(can_fuse_norm(x) && out.sizes() == x.sizes() && out.scalar_type() == x.scalar_type() &&
            out.is_contiguous(torch::MemoryFormat::ChannelsLast),
        "fused_norm_silu: out must be like x, channels last");
  const int64_t pixels = x.size(2) * x.size(3);
  const Sizes sizes{x.size(0), x.size(1), pixels, (pixels + kChunkPixels - 1) / kChunkPixels};
  const NormModulation tables{as_float(modulation.offset), as_float(modulation.scale), as_float(modulation.shift)};
  if (x.scalar_type() == torch::kFloat32) {
    run(x.const_data_ptr<float>(), out.data_ptr<float>(), sizes, norm, tables);
  } else {
    run(static_cast<const uint16_t*>(x.const_data_ptr()), static_cast<uint16_t*>(out.data_ptr()), sizes, norm, tables);
  }
}

}  // namespace farfield

#pragma once

#include <cstdint>
#include <string>

#include <torch/types.h>

#include "core/data/source.h"

namespace farfield {

// What turns bytes u = 0 ... 255 into points of a density: x = (u + e) / 127.5 - 1, e uniform on [0, 1) (as published), or on
// [-1/2, 1/2), whose x is written as the byte u again; none: x = u / 127.5 - 1, and no likelihood of bytes.
enum class Dequantisation { kNone, kUniform, kCentred };
struct DequantiseOptions {
  Dequantisation kind = Dequantisation::kNone;
  int64_t draws = 1;  // K: importance-weighted, log (1/K) sum_k p(x_k), K = 1 a lower bound (Burda et al. 2016)
};

// "uniform[,draws=1]", "centred[,draws=1]", "none"; "auto": uniform for data of bytes, else none. usage_error where the data are
// no bytes.
DequantiseOptions parse_dequantise(const std::string& text, const DataInfo& data);
std::string in_words(const DequantiseOptions& options);

// One draw of rows [B, ...shape] float32 as DataSource has them, float64: that of keys[i] (mix_key) for row i alone.
torch::Tensor dequantised(const torch::Tensor& rows, Dequantisation kind, const std::vector<uint64_t>& keys);

// -ll / (d ln 2) in bits for each of d numbers, ll [any] in nats. Of bytes, x = u / scale - 1, log2(scale) is added, the volume of
// a byte: 127.5 here, 128 elsewhere.
inline constexpr double kByteScale = 127.5;
torch::Tensor bits_per_dimension(const torch::Tensor& log_likelihood, int64_t dim, double scale = 1);

// log (1/K) sum_k exp(ll_k), ll [n, K] -> [n].
torch::Tensor log_mean_likelihood(const torch::Tensor& draws);

}  // namespace farfield

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/solvers/learned_table.h"

namespace farfield {

// Tables as functions of what is learned. Levels, r, scales and coefficients are float64 tensors; gradients flow through all.
// t and t' are the levels of a step, d = (x - D) / t its slope, L the levels [N + 1].

// A number in (1 - width, 1 + width): 2 width sigmoid(p) + 1 - width, like p; 1 where width is 0.
torch::Tensor scale_of(const torch::Tensor& p, double width);

// EPD (Zhu et al. 2025): K midpoints t_k = t'^r_k t^(1 - r_k) a step, all from x_k = x + (t_k - t) d,
//   x' = x + (t' - t) sum_k w_k c_k (x_k - D(x_k; a_k t_k)) / t_k.
// r, c, a, w: [N, K].
struct EpdNumbers {
  torch::Tensor r, direction, time, weight;
};
// From unbounded numbers [4, N, K]: r = sigmoid, scales scale_of(p / 2, width), weights softmax over the K; a scale of width 0 is 1.
EpdNumbers epd_numbers(const torch::Tensor& raw, double direction, double time);
TensorTable epd_table(const torch::Tensor& levels, bool afs, const EpdNumbers& numbers);

// AMED (Zhou et al. 2024): one midpoint t_m = t'^r t^(1 - r), c the scale of the direction, a that of the level shown. Plug-ins,
// with d_m = (x_m - D(x_m; a t_m)) / t_m:
//   amed   x_m = x + (t_m - t) d;  x' = x + c (t' - t) d_m
//   dpm    the same x_m;           x' = x + c (t' - t) [d_m / (2 r) + (1 - 1 / (2 r)) d]
//   euler  the same x_m;           x' = x_m + c (t' - t_m) d_m
//   ipndm  Adams-Bashforth of equal steps up to order 4 to t_m with d, then to t' with d_m times c; both enter the history
//   dpmpp  DPM-Solver++ (2M) to t_m, then to t', there everything but (t' / t_m) x_m times c
// r, c, a: [N].
struct AmedNumbers {
  torch::Tensor r, direction, time;
};
const std::vector<std::string>& amed_plugins();
TensorTable amed_table(const std::string& plugin, const torch::Tensor& levels, bool afs, const AmedNumbers& numbers);

// Levels from increments (LD3; Tong et al. 2024): lambda = -ln sigma from -ln first to -ln last, in steps like softmax(p). p: [M], M
// levels above 0, p[0] counts for nothing.
torch::Tensor levels_of_increments(const torch::Tensor& p, double first, double last);
// The p of given levels above 0.
torch::Tensor increments_of_levels(const torch::Tensor& levels);
// The levels shown to the network: lambda + clip(q, -m, m) between the ends, m half of the smallest gap of lambda. q: [M].
torch::Tensor shifted_levels(const torch::Tensor& levels, const torch::Tensor& q);

// Multistep methods of one evaluation a step over any levels [N + 1], of which the last may be 0: ipndm1 ... ipndm4, dpmpp_2m. `network`
// [N]: the levels shown. `change`: what is added to the coefficients of the newest values [N, order], times t' - t for ipndm and
// 1 - t' / t for dpmpp_2m (S4S; Frankel et al. 2025); undefined: nothing.
const std::vector<std::string>& table_multisteps();
int64_t multistep_order(const std::string& solver);
TensorTable multistep_table(const std::string& solver, const torch::Tensor& levels, const torch::Tensor& network,
                            bool afs, const torch::Tensor& change = {});

}  // namespace farfield

#pragma once

#include <cstdint>
#include <functional>

#include <torch/types.h>

#include "core/comm.h"
#include "models/analytic/analytic.h"

namespace farfield {

// Mean shift from many starts at one bandwidth ("A Geometric Perspective on Diffusion Models", sec. 4; Carreira-Perpinan
// 2007): x <- m_h(x), the exact denoiser at sigma = h, until |m_h(x) - x| < 1e-10 h; ends nearer to each other than 1e-6 h
// are one mode of the kernel density of that bandwidth.
struct MeanShiftOptions {
  int64_t max_iterations = 10'000;  // of one start
  int64_t batch = 1024;             // starts at a time
};

struct ModeSet {
  torch::Tensor modes;       // [M, d] float64: the first end that was found of each, in the order of the starts
  torch::Tensor basin;       // [n] int64: the mode that a start ends at; -1 where the iterations did not suffice
  torch::Tensor iterations;  // [n] int64
  torch::Tensor rate;  // [n] float64: the last step over the one before, the factor by which mean shift closes in; NaN
                       // where it ended in fewer than two steps
  torch::Tensor log_density;  // [M] float64: log p_h
  int64_t unsettled = 0;      // starts with basin -1
};

// exact: make_delta() of N points [d]; starts [n, d] float64; on_settled is told how many starts came to their end. Ranks
// share the batches of starts, each has the whole result. Stops with kInterrupted on a signal.
ModeSet find_modes(const AnalyticDenoiser& exact, const torch::Tensor& starts, double h,
                   const MeanShiftOptions& options = {}, const std::function<void(int64_t starts)>& on_settled = {},
                   Comm& comm = alone());

}  // namespace farfield

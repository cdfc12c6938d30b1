#pragma once

#include <vector>

#include <torch/types.h>

#include "samplers/schedules/gits_metric.h"

namespace farfield {

// Costs of all jumps of a teacher's trajectories: for levels i < j of T the Euler jump along the slope at i lands at
// xh = x_i + (sigma_j - sigma_i) d_i and costs what `metric` says of it. levels [T], falling; states [T, B, D] the
// teacher's x, slopes [T - 1, B, D] its first slope of every step, both float64, contiguous, on the CPU. Returns [B, T,
// T] float64: a row a sample, 0 on and below the diagonal. dev(x_{T-1}) is 0 by definition. Each entry is computed by
// one thread in one order: it depends on its own sample alone, not on the batch, the threads or the CPU.
//
// dev needs six inner products a level and no jump at all. Splitting off what lies along the chord u leaves p_i of
// x_{T-1} - x_i and q_i of d_i, and dev(xh)^2 = |p_i - h q_i|^2 is a parabola in h = sigma_j - sigma_i: its least value
// |p_i - h* q_i|^2 and its width |q_i|^2 are sums of squares, so nothing cancels. O(T D) a sample instead of O(T^2 D).
// l1 and l2 take the differences themselves, block by block.
torch::Tensor gits_costs(GitsMetric metric, const std::vector<double>& levels, const torch::Tensor& states,
                         const torch::Tensor& slopes);

// dev(x_j) of a teacher's states [T, B, D]: [B, T] float64, 0 at T - 1.
torch::Tensor chord_deviations(const torch::Tensor& states);

}  // namespace farfield

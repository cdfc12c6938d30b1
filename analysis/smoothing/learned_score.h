#pragma once

#include <cstdint>
#include <functional>

#include <torch/types.h>

#include "models/smoothing/line_smoothing.h"

namespace farfield {

// How a score is learned (004, A.7): a three-layer perceptron with `hidden` ReLU units in each of its two hidden layers,
// weights and biases uniform in +-1 / sqrt(inputs), Adam, on batches of x ~ p_t. The paper gives neither width nor
// activation; these are ours.
struct LearningOptions {
  int64_t steps, batch;
  double learning_rate;
  double weight_decay = 0;  // lambda: lambda theta is added to the gradient of every parameter, biases too
  int64_t hidden = 128;
  uint64_t seed = 0;
};

// s(x; t): x [B, d] float64 -> [B, d] float64; a row is the same whatever follows it.
using LearnedScore = std::function<torch::Tensor(const torch::Tensor& x, double t)>;

// The score of p_t of points on the first axis of R^dimension, s = F(ln t, x) / sqrt(t) with t uniform in (0, last_time], by
// the mean of t |s - score|^2. float32, in one thread: the same bits for any number of threads. Interrupted: throws.
LearnedScore learn_score(const LinePoints& line, int64_t dimension, double last_time, const LearningOptions& options);
// The same in one dimension at one time: s = F(x), whatever time it is asked for.
LearnedScore learn_score_at(const LinePoints& line, double time, const LearningOptions& options);

}  // namespace farfield

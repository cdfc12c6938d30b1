#include "analysis/smoothing/learned_score.h"

#include <array>
#include <cmath>
#include <memory>

#include <ATen/Parallel.h>
#include <torch/optim/adam.h>
#include <torch/utils.h>

#include "core/interrupts.h"
#include "core/math/random.h"
#include "core/progress.h"

namespace farfield {
namespace {

using torch::Tensor;

class OneThread {
 public:
  OneThread() { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_ = at::get_num_threads();
};

class Perceptron {
 public:
  Perceptron(int64_t inputs, int64_t outputs, const LearningOptions& options) {
    at::Generator generator = keyed_generator({options.seed, 1});
    const std::array<int64_t, 4> sizes = {inputs, options.hidden, options.hidden, outputs};
    for (size_t layer = 0; layer < 3; ++layer) {
      const double bound = 1 / std::sqrt(static_cast<double>(sizes[layer]));
      for (const std::vector<int64_t>& shape : {std::vector{sizes[layer + 1], sizes[layer]}, {sizes[layer + 1]}})
        parameters_.push_back(((torch::rand(shape, generator) * 2 - 1) * bound).requires_grad_());
    }
  }

  Tensor operator()(const Tensor& inputs) const {
    const Tensor first = at::relu(at::linear(inputs, parameters_[0], parameters_[1]));
    return at::linear(at::relu(at::linear(first, parameters_[2], parameters_[3])), parameters_[4], parameters_[5]);
  }

  const std::vector<Tensor>& parameters() const { return parameters_; }

 private:
  std::vector<Tensor> parameters_;  // weight, bias of every layer
};

// What |scale F(inputs) - target|^2 is summed of, a row a sample.
struct Batch {
  Tensor inputs, target;  // float32 [B, in], [B, d]
  double scale;
};
using DrawBatch = std::function<Batch(at::Generator& generator)>;

void fit(const Perceptron& perceptron, const LearningOptions& options, const DrawBatch& draw) {
  const torch::AutoGradMode gradients(true);
  at::Generator generator = keyed_generator({options.seed, 2});
  torch::optim::Adam adam(perceptron.parameters(),
                          torch::optim::AdamOptions(options.learning_rate).weight_decay(options.weight_decay));
  Progress progress("learned score", options.steps, "steps");
  for (int64_t step = 0; step < options.steps; ++step) {
    stop_if_interrupted();
    const Batch batch = draw(generator);
    const Tensor loss = (perceptron(batch.inputs) * batch.scale - batch.target).square().sum(1).mean();
    adam.zero_grad();
    loss.backward();
    adam.step();
    progress.advance();
  }
}

struct Noisy {
  Tensor x, scaled_score;  // [B, d] float64; the second sqrt(t) times the score of p_t
};

// x ~ p_t, each row at its own time [B] float64.
Noisy draw_noisy(const LinePoints& line, int64_t dimension, const Tensor& times, at::Generator& generator) {
  const Tensor points = torch::tensor(line.points(), torch::kFloat64), roots = times.sqrt().unsqueeze(1);
  Tensor x = torch::randn({times.size(0), dimension}, generator, torch::kFloat64) * roots;
  const Tensor chosen = torch::randint(points.size(0), {times.size(0)}, generator, torch::kInt64);
  Tensor scaled = -x / roots;  // right but for the first axis
  x.select(1, 0).add_(points.index_select(0, chosen));
  const double* time = times.const_data_ptr<double>();
  for (int64_t row = 0; row < x.size(0); ++row) {
    const double at = x.const_data_ptr<double>()[row * dimension];
    scaled.mutable_data_ptr<double>()[row * dimension] = std::sqrt(time[row]) * line.score(at, time[row]);
  }
  return {x, scaled};
}

// [B, 1 + d] float32: ln t and x.
Tensor inputs_at(const Tensor& x, const Tensor& times) {
  return torch::cat({times.log().unsqueeze(1), x}, 1).to(torch::kFloat32);
}

// F of all rows, block by block with the last one filled up: products of one shape alone, so that a row does not depend on
// how many there are. float32 -> float64.
Tensor evaluate(const Perceptron& perceptron, const Tensor& inputs) {
  constexpr int64_t kBlock = 64;
  const torch::NoGradGuard no_gradients;
  const OneThread one_thread;
  const int64_t rows = inputs.size(0), left = (kBlock - rows % kBlock) % kBlock;
  const Tensor filled = torch::cat({inputs, torch::zeros({left, inputs.size(1)})});
  std::vector<Tensor> blocks;
  for (const Tensor& block : filled.split(kBlock)) blocks.push_back(perceptron(block));
  return torch::cat(blocks).narrow(0, 0, rows).to(torch::kFloat64);
}

}  // namespace

LearnedScore learn_score(const LinePoints& line, int64_t dimension, double last_time, const LearningOptions& options) {
  const OneThread one_thread;
  const auto perceptron = std::make_shared<const Perceptron>(1 + dimension, dimension, options);
  fit(*perceptron, options, [&](at::Generator& generator) {
    const Tensor times = (1 - torch::rand({options.batch}, generator, torch::kFloat64)) * last_time;
    const Noisy noisy = draw_noisy(line, dimension, times, generator);
    return Batch{inputs_at(noisy.x, times), noisy.scaled_score.to(torch::kFloat32), 1};
  });
  return [perceptron](const Tensor& x, double t) {
    return evaluate(*perceptron, inputs_at(x, torch::full({x.size(0)}, t, torch::kFloat64))) / std::sqrt(t);
  };
}

LearnedScore learn_score_at(const LinePoints& line, double time, const LearningOptions& options) {
  const OneThread one_thread;
  const auto perceptron = std::make_shared<const Perceptron>(1, 1, options);
  const Tensor times = torch::full({options.batch}, time, torch::kFloat64);
  fit(*perceptron, options, [&](at::Generator& generator) {
    const Noisy noisy = draw_noisy(line, 1, times, generator);
    return Batch{noisy.x.to(torch::kFloat32), noisy.scaled_score.to(torch::kFloat32), std::sqrt(time)};
  });
  return [perceptron](const Tensor& x, double) { return evaluate(*perceptron, x.to(torch::kFloat32)); };
}

}  // namespace farfield

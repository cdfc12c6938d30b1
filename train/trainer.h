#pragma once

#include <cstdint>
#include <memory>

#include <torch/types.h>

#include "core/data/loader.h"
#include "core/io/safetensors.h"
#include "models/native_model.h"
#include "models/preconditioned_network.h"
#include "train/flat_parameters.h"
#include "train/loss.h"
#include "train/train_options.h"

namespace farfield {

// How one optimiser step went.
struct TrainStep {
  torch::Tensor sigma, loss;  // [batch] float64 on the CPU: noise level and loss per value of each sample
  double learning_rate = 0;
};

// EDM's training algorithm (Karras et al. 2022, section 5; NVlabs/edm training_loop.py) without files, log or clock.
// Everything random is a function of (seed, images seen), so two trainers with the same options and state do the
// same, bit for bit on one CPU with one thread count.
class Trainer {
 public:
  // options.network fits the data (fit_network_to_data).
  Trainer(const TrainOptions& options, std::shared_ptr<const DataSource> data, torch::Device device);

  // One step over options.run.batch images: gradients accumulated over micro-batches, Adam, moving average.
  // numeric_error when a loss, gradient or weight is not finite, naming it, the step, sigma and the seed; the weights
  // and their average are then worthless and must not be saved.
  TrainStep step();

  int64_t images_seen() const { return images_; }
  int64_t parameter_count() const { return parameters_.parameter_count(); }
  const PreconditionedNetwork& network() const { return network_; }
  const PreconditionedNetwork& average() const { return average_; }

  // Weights, average, moments and counters, as views: `network.NAME`, `average.NAME`, `adam.first.NAME`,
  // `adam.second.NAME`, `buffer.NAME`, metadata `images` and `adam.steps`. numeric_error when one is not finite.
  TensorFile state() const;
  // The reverse. bad_file naming `origin` and listing what is missing, extra, of another shape or not finite; the
  // trainer is then as before.
  void restore(const TensorFile& state, const std::string& origin);

 private:
  void accumulate(const Batch& batch, TrainStep& report);
  void require_finite_loss(const torch::Tensor& loss, const torch::Tensor& sigma, const Batch& batch) const;
  void require_finite(const torch::Tensor& flat, std::string_view what, const TrainStep& report) const;
  std::map<std::string, torch::Tensor> state_tensors() const;

  TrainOptions options_;
  std::shared_ptr<const DataSource> data_;
  torch::Device device_;
  NoiseDistribution noise_;
  LossWeight weight_;
  PreconditionedNetwork network_, average_;
  FlatParameters parameters_, average_parameters_;
  AdamState adam_;
  int64_t images_ = 0;
  std::unique_ptr<Loader> loader_;
};

}  // namespace farfield

#pragma once

#include <cstdint>
#include <memory>

#include <torch/types.h>

#include "core/comm.h"
#include "core/data/loader.h"
#include "core/io/safetensors.h"
#include "models/networks/native_model.h"
#include "models/networks/preconditioned_network.h"
#include "train/flat_parameters.h"
#include "train/gradient_exchange.h"
#include "train/loss.h"
#include "train/step_inputs.h"
#include "train/train_options.h"

namespace farfield {

// How one optimiser step went.
struct TrainStep {
  // [batch] float64 on the CPU: noise level and loss per value of each sample, of all ranks, in the order of the stream
  torch::Tensor sigma, loss;
  double learning_rate = 0;
  std::string skipped;  // why the step changed nothing (run.nonfinite = skip); "" when it did
  int culprit = 0;      // the rank whose samples were the reason
};

// EDM's training algorithm (Karras et al. 2022, section 5; NVlabs/edm training_loop.py) without files, log or clock.
// Everything random is a function of (seed, images seen), so two trainers with the same options and state do the
// same, bit for bit on one CPU with one thread count.
//
// The ranks of a group share every batch: rank r takes the samples r, r + size, r + 2 size, ... of it, gradients are
// added up, and every rank makes the same update. All ranks call the same members, with the same options. The gradient is
// that of one rank up to the order of its sums.
class Trainer {
 public:
  // options.network fits the data (fit_network_to_data). `comm` outlives this. usage_error when the batch does not divide
  // over the ranks and their micro-batches.
  Trainer(const TrainOptions& options, std::shared_ptr<const DataSource> data, torch::Device device,
          Comm& comm = alone());

  // Begins with the weights of a model of the same kind, in the network and in every average. usage_error listing the
  // settings in which the two differ (dropout may, and the number of classes: then the layers that take labels stay as they
  // were drawn, and their parameters are returned). Before the first step.
  std::vector<std::string> initialise(const NativeModel& model, const std::string& origin);

  // One step over options.run.batch images: gradients accumulated over micro-batches, Adam, moving averages. Of a sample,
  // loss, gradient, weight or moment that is not finite the first is named, with step, sigma and seed: with
  // run.nonfinite = stop in a NonFiniteError, after which the weights are worthless and must not be saved; with skip in
  // the report, and weights, moments and averages stay as they were. NonFiniteError in any case when the weights or
  // averages were already bad before the step, or 100 steps in a row were skipped.
  TrainStep step();

  int64_t images_seen() const { return images_; }
  int64_t skipped_steps() const { return skipped_; }
  int64_t parameter_count() const { return parameters_.parameter_count(); }
  const PreconditionedNetwork& network() const { return network_; }
  const PreconditionedNetwork& average() const { return average_; }

  // The names of the averages beside the first (ema.h), and one of them (or the first: "") as a native model file.
  // numeric_error when a value of it is not finite.
  std::vector<std::string> further_averages() const;
  TensorFile average_file(const std::string& name, std::map<std::string, std::string> metadata) const;

  // Weights, averages, moments and counters, as views: `network.NAME`, `average.NAME`, `average:RULE.NAME`,
  // `adam.first.NAME`, `adam.second.NAME`, `buffer.NAME`, metadata `images`, `adam.steps`, `skipped`, `skipped_in_a_row`.
  // numeric_error when one is not finite.
  TensorFile state() const;
  // The reverse. bad_file naming `origin` and listing what is missing, extra, of another shape or not finite; the
  // trainer is then as before.
  void restore(const TensorFile& state, const std::string& origin);
  // Every rank goes on from the root's weights, averages, moments and counters.
  void follow_root();

 private:
  struct FurtherAverage {
    AverageRule rule;
    torch::Tensor values;
  };

  void start_loader(int64_t images);
  std::string update(const Batch& batch, TrainStep& report);
  std::string accumulate(const Batch& part, TrainStep& report);
  std::string accumulate_all(const Batch& batch, TrainStep& report);
  std::string first_fault(std::string mine, TrainStep& report);
  void collect_samples(TrainStep& report) const;
  std::string optimise(double rate, const TrainStep& report);
  std::string own_fault(const TrainStep& report) const;
  std::string fault_of(std::string_view what, const FlatParameters& parameters, const torch::Tensor& flat,
                       const TrainStep& report) const;
  std::string fault_of_samples(const StepInputs& inputs, const torch::Tensor& denoised,
                               const torch::Tensor& loss) const;
  void skip_or_stop(const Batch& batch, const TrainStep& report);
  std::map<std::string, torch::Tensor> evidence(const Batch& batch, const TrainStep& report) const;
  void update_averages(const Batch& batch, const TrainStep& report);
  std::string at_this_step() const;
  std::map<std::string, torch::Tensor> state_tensors() const;

  TrainOptions options_;
  std::shared_ptr<const DataSource> data_;
  torch::Device device_;
  Comm& comm_;
  int64_t micro_batch_;  // images of one forward pass here
  LossWeight weight_;
  PreconditionedNetwork network_, average_;
  InputMaker make_inputs_;
  FlatParameters parameters_, average_parameters_;
  std::unique_ptr<GradientExchange> exchange_;
  AdamState adam_;
  std::vector<FurtherAverage> further_;
  int64_t images_ = 0, skipped_ = 0, skipped_in_a_row_ = 0;
  std::unique_ptr<Loader> loader_;
};

}  // namespace farfield

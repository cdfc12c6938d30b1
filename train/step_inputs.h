#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <torch/types.h>

#include "core/data/loader.h"
#include "models/preconditioning.h"
#include "train/train_options.h"

namespace farfield {

// What a forward pass of training computes on, on the CPU.
struct StepInputs {
  torch::Tensor clean, noise;    // [B, ...shape] float32: augmented samples; standard normal numbers
  torch::Tensor sigma;           // [B] float64
  torch::Tensor positions;       // [B] int64, in the stream of images
  torch::Tensor class_labels;    // [B, label_dim] float32, or undefined
  torch::Tensor augment_labels;  // [B, 9] float32, or undefined
};

// Makes them: functions of (seed, positions) and the data, and with stratified noise levels of the place in the batch.
class InputMaker {
 public:
  InputMaker(const TrainOptions& options, std::shared_ptr<const Preconditioning> preconditioning);
  // `first_position`: of the global batch that `part` belongs to.
  StepInputs operator()(const Batch& part, int64_t first_position) const;

 private:
  uint64_t seed_;
  int64_t batch_;
  bool with_labels_, stratified_;
  AugmentOptions augment_;
  NoiseDistribution noise_;
  std::shared_ptr<const Preconditioning> preconditioning_;
};

// The inputs under their names, with `index`, the number of each sample in the data set, and the losses [B] or fewer
// (what was not computed is NaN).
std::map<std::string, torch::Tensor> inspectable(const StepInputs& inputs, const torch::Tensor& losses, uint64_t seed,
                                                 int64_t data_count);

}  // namespace farfield

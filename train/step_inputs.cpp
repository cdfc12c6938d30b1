#include "train/step_inputs.h"

#include <limits>

#include "train/augment.h"
#include "train/draws.h"

namespace farfield {

InputMaker::InputMaker(const TrainOptions& options, std::shared_ptr<const Preconditioning> preconditioning)
    : seed_(options.run.seed),
      batch_(options.run.batch),
      with_labels_(options.network.label_dim > 0),
      stratified_(options.noise.stratified),
      augment_(options.augment),
      noise_(make_noise_distribution(options.noise)),
      preconditioning_(std::move(preconditioning)) {}

StepInputs InputMaker::operator()(const Batch& part, int64_t first_position) const {
  StepInputs inputs;
  auto augmented = augment(part.samples, part.positions, seed_, augment_);
  inputs.clean = std::move(augmented.samples);
  inputs.augment_labels = std::move(augmented.labels);
  inputs.positions = part.positions;
  if (with_labels_) inputs.class_labels = part.labels;
  auto quantile = uniform_draws(seed_, Purpose::kNoiseLevel, part.positions);
  if (stratified_) quantile = stratify(quantile, part.positions - first_position, batch_);
  inputs.sigma = preconditioning_->round_sigma(noise_(quantile));
  inputs.noise = normal_draws(seed_, Purpose::kNoise, part.positions, inputs.clean.sizes().slice(1));
  return inputs;
}

std::map<std::string, torch::Tensor> inspectable(const StepInputs& inputs, const torch::Tensor& losses, uint64_t seed,
                                                 int64_t data_count) {
  auto index = torch::empty_like(inputs.positions);
  for (int64_t row = 0; row < index.size(0); ++row) {
    const int64_t position = inputs.positions[row].item<int64_t>();
    index[row] = epoch_order(seed, position / data_count, data_count)[position % data_count];
  }
  auto loss = torch::full({index.size(0)}, std::numeric_limits<double>::quiet_NaN(), torch::kFloat64);
  if (losses.defined()) loss.narrow(0, 0, losses.size(0)).copy_(losses);
  std::map<std::string, torch::Tensor> arrays = {{"clean", inputs.clean}, {"noise", inputs.noise},
                                                 {"sigma", inputs.sigma}, {"positions", inputs.positions},
                                                 {"index", index},        {"loss", loss}};
  if (inputs.class_labels.defined()) arrays["class_labels"] = inputs.class_labels;
  if (inputs.augment_labels.defined()) arrays["augment_labels"] = inputs.augment_labels;
  return arrays;
}

}  // namespace farfield

#include "train/trainer.h"

#include <limits>

#include <fmt/format.h>

#include "core/device.h"
#include "core/error.h"
#include "core/math/random.h"
#include "core/text.h"
#include "models/networks/unet_blocks.h"
#include "train/draws.h"
#include "train/network_settings.h"
#include "train/nonfinite.h"

namespace farfield {
namespace {

PreconditionedNetwork make_preconditioned(const TrainOptions& options, torch::Device device) {
  auto model = make_native_model(options.model_config(),
                                 keyed_generator({options.run.seed, static_cast<uint64_t>(Purpose::kInitialisation)}));
  model.network->to(device);
  PreconditionedNetwork network{std::move(model.network),
                                make_preconditioning(options.preconditioning, options.sigma_data)};
  if (parse_precision(options.run.precision, device) == Precision::kBf16) network.activations = torch::kBFloat16;
  network.format = options.network.memory_format();
  return network;
}

// Images of one forward pass on one rank.
int64_t micro_batch_of(const RunOptions& run, const Comm& comm) {
  const int64_t ranks = comm.size(), share = run.batch / ranks;
  if (run.batch % ranks != 0) {
    throw usage_error(fmt::format("run.batch: {} images do not divide over {} ranks; choose a multiple of {}",
                                  run.batch, ranks, ranks));
  }
  if (run.micro_batch != 0 && share % run.micro_batch != 0) {
    throw usage_error(
        fmt::format("run.micro_batch: {} does not divide the {} images that each of {} ranks takes of a batch "
                    "of {}",
                    run.micro_batch, share, ranks, run.batch));
  }
  return run.micro_batch == 0 ? share : run.micro_batch;
}

bool takes_labels(std::string_view parameter) { return parameter.starts_with("map_label."); }  // in every network

Batch part_of(const Batch& batch, int64_t first, int64_t count) {
  return {batch.samples.narrow(0, first, count),
          batch.labels.defined() ? batch.labels.narrow(0, first, count) : torch::Tensor(),
          batch.positions.narrow(0, first, count)};
}

}  // namespace

Trainer::Trainer(const TrainOptions& options, std::shared_ptr<const DataSource> data, torch::Device device, Comm& comm)
    : options_(options),
      data_(std::move(data)),
      device_(device),
      comm_(comm),
      micro_batch_(micro_batch_of(options.run, comm)),
      weight_(make_loss_weight(options.loss, options.sigma_data)),
      network_(make_preconditioned(options, device)),
      average_(make_preconditioned(options, device)),
      make_inputs_(options, network_.preconditioning),
      parameters_(*network_.network),
      average_parameters_(*average_.network),
      adam_(make_adam_state(parameters_.values())) {
  start_loader(0);
  parameters_.collect_gradients();
  exchange_ = std::make_unique<GradientExchange>(parameters_, comm_);
  if (options_.run.gradient_checkpointing) recompute_blocks(*network_.network);
  for (auto& parameter : average_.network->parameters()) parameter.requires_grad_(false);
  for (auto& rule : farfield::further_averages(options.ema)) {
    further_.push_back({std::move(rule), parameters_.values().clone()});
  }
}

void Trainer::start_loader(int64_t images) {
  Loader::Options options;
  options.batch = options_.run.batch;
  options.seed = options_.run.seed;
  options.start_images = images;
  options.rank = comm_.rank();
  options.world = comm_.size();
  loader_ = std::make_unique<Loader>(data_, options);
}

std::vector<std::string> Trainer::initialise(const NativeModel& model, const std::string& origin) {
  torch::NoGradGuard no_grad;
  const std::string different = model_differences(model.config, options_.model_config());
  if (!different.empty())
    throw usage_error(fmt::format("--init {}: another model than the config's: {}", origin, different));
  const auto given = model.network->named_parameters();
  const bool other_classes = model.config.network.label_dim != options_.network.label_dim;
  std::vector<std::string> fresh;
  for (auto& [name, tensor] : parameters_.named(parameters_.values(), "")) {
    if (other_classes && takes_labels(name))
      fresh.push_back(name);
    else
      torch::Tensor(tensor).copy_(given[name]);
  }
  average_parameters_.values().copy_(parameters_.values());
  for (auto& average : further_) average.values.copy_(parameters_.values());
  return fresh;
}

TrainStep Trainer::step() {
  const Batch batch = loader_->next();
  TrainStep report;
  report.learning_rate = learning_rate(options_.learning_rate, images_);
  report.skipped = update(batch, report);
  if (report.skipped.empty()) {
    skipped_in_a_row_ = 0;
    update_averages(batch, report);
  } else {
    skip_or_stop(batch, report);
  }
  images_ += options_.run.batch;
  collect_samples(report);
  return report;
}

// Everything up to the new weights. Returns what was not finite; then the weights are the old ones where steps may be
// skipped.
std::string Trainer::update(const Batch& batch, TrainStep& report) {
  parameters_.gradients().zero_();
  std::string fault = first_fault(accumulate_all(batch, report), report);
  if (fault.empty() && !clip_gradient(parameters_.gradients(), options_.adam.clip_norm)) {
    fault = fault_of("gradient", parameters_, parameters_.gradients(), report);
  }
  return fault.empty() ? optimise(report.learning_rate, report) : fault;
}

// The gradient of the global batch. A rank with a fault still takes part, or the others would wait for it.
std::string Trainer::accumulate_all(const Batch& batch, TrainStep& report) {
  const int64_t share = batch.samples.size(0);
  std::string fault;
  for (int64_t first = 0; first < share && fault.empty(); first += micro_batch_) {
    if (first + micro_batch_ == share) exchange_->begin();
    fault = accumulate(part_of(batch, first, micro_batch_), report);
  }
  exchange_->finish();
  return fault;
}

// Rank r holds the samples r, r + size, ... of the batch. After a fault there may be none.
void Trainer::collect_samples(TrainStep& report) const {
  if (comm_.size() == 1) return;
  const int64_t share = options_.run.batch / comm_.size();
  auto mine = torch::full({2, share}, std::numeric_limits<double>::quiet_NaN(), torch::kFloat64);
  if (report.sigma.defined()) {
    mine[0].narrow(0, 0, report.sigma.size(0)).copy_(report.sigma);
    mine[1].narrow(0, 0, report.loss.size(0)).copy_(report.loss);
  }
  const auto all = comm_.gather(mine).permute({1, 2, 0}).reshape({2, -1});
  report.sigma = all[0];
  report.loss = all[1];
}

std::string Trainer::optimise(double rate, const TrainStep& report) {
  torch::NoGradGuard no_grad;
  const bool may_skip = options_.run.nonfinite == "skip";
  torch::Tensor weights_before;
  AdamState adam_before;
  if (may_skip) {
    weights_before = parameters_.values().clone();
    adam_before = {adam_.first.clone(), adam_.second.clone(), adam_.steps};
  }
  if (adam_step(parameters_.values(), parameters_.gradients(), adam_, rate, options_.adam)) return "";
  std::string fault = fault_of("weight", parameters_, parameters_.values(), report);
  if (fault.empty()) fault = fault_of("second moment", parameters_, adam_.second, report);
  if (may_skip) {
    parameters_.values().copy_(weights_before);
    adam_.first.copy_(adam_before.first);
    adam_.second.copy_(adam_before.second);
    adam_.steps = adam_before.steps;
  }
  return fault;
}

// Karras et al. 2022, equation 8, over part of the batch; gradients are added to what is there.
std::string Trainer::accumulate(const Batch& part, TrainStep& report) {
  const StepInputs inputs = make_inputs_(part, images_);
  const auto clean = inputs.clean.to(device_);
  std::vector<int64_t> per_sample(clean.dim(), 1);
  per_sample[0] = clean.size(0);
  const auto sigma = inputs.sigma.to(device_, torch::kFloat32).view(per_sample);
  const auto noisy = torch::addcmul(clean, inputs.noise.to(device_), sigma);

  Conditioning conditioning;
  if (inputs.class_labels.defined()) conditioning.class_labels = inputs.class_labels.to(device_);
  if (inputs.augment_labels.defined()) conditioning.augment_labels = inputs.augment_labels.to(device_);
  DropoutStream dropout(mix_key({options_.run.seed, static_cast<uint64_t>(Purpose::kDropout)}), inputs.positions);
  const auto denoised = network_(noisy, inputs.sigma.to(device_), conditioning, &dropout);
  const auto error = weighted_error(denoised, clean, weight_(inputs.sigma));

  const auto loss = error.detach().to(torch::kCPU, torch::kFloat64) / static_cast<double>(clean[0].numel());
  report.sigma = report.sigma.defined() ? torch::cat({report.sigma, inputs.sigma}) : inputs.sigma;
  report.loss = report.loss.defined() ? torch::cat({report.loss, loss}) : loss;
  if (!all_finite(loss)) return fault_of_samples(inputs, denoised, loss);
  (error.sum() / static_cast<double>(options_.run.batch)).backward();
  return "";
}

void Trainer::update_averages(const Batch& batch, const TrainStep& report) {
  const bool finite = update_ema(average_parameters_.values(), parameters_.values(),
                                 ema_beta(options_.ema, images_, options_.run.batch));
  for (auto& average : further_) {
    update_ema(average.values, parameters_.values(), average.rule.beta(images_, options_.run.batch));
  }
  if (finite) return;
  throw NonFiniteError(own_fault(report) + "; go on from the last state with --resume", evidence(batch, report));
}

}  // namespace farfield

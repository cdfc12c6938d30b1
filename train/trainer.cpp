#include "train/trainer.h"

#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "core/device.h"
#include "core/error.h"
#include "core/math/random.h"
#include "core/text.h"
#include "models/networks/unet_blocks.h"
#include "train/draws.h"
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

std::unique_ptr<Loader> make_loader(std::shared_ptr<const DataSource> data, const RunOptions& run, int64_t images,
                                    const Comm& comm) {
  Loader::Options options;
  options.batch = run.batch;
  options.seed = run.seed;
  options.start_images = images;
  options.rank = comm.rank();
  options.world = comm.size();
  return std::make_unique<Loader>(std::move(data), options);
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

// Everything that keeps `file` from filling `expected`, at most kListed of them.
std::string differences(const std::map<std::string, torch::Tensor>& expected, const TensorFile& file) {
  constexpr size_t kListed = 20;
  std::vector<std::string> found;
  for (const auto& [name, tensor] : expected) {
    const auto given = file.tensors.find(name);
    if (given == file.tensors.end()) {
      found.push_back(name + " is missing");
    } else if (given->second.sizes() != tensor.sizes() || given->second.scalar_type() != tensor.scalar_type()) {
      found.push_back(fmt::format("{} has another shape or type", name));
    } else if (!torch::isfinite(given->second).all().item<bool>()) {
      found.push_back(name + " is not finite");
    }
  }
  for (const auto& [name, tensor] : file.tensors) {
    if (!expected.contains(name)) found.push_back(name + " is not part of a training state of this network");
  }
  const size_t all = found.size();
  if (all > kListed) {
    found.resize(kListed);
    found.push_back(fmt::format("{} more", all - kListed));
  }
  return join(found, "; ");
}

int64_t count_in(const TensorFile& file, const std::string& key, const std::string& origin) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) throw bad_file(origin, fmt::format("the metadata lacks '{}'", key));
  int64_t count = -1;
  const auto& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0) {
    throw bad_file(origin, fmt::format("metadata '{}' is '{}', expected a count", key, text));
  }
  return count;
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
      adam_(make_adam_state(parameters_.values())),
      loader_(make_loader(data_, options.run, 0, comm)) {
  parameters_.collect_gradients();
  exchange_.emplace(parameters_, comm_);
  if (options_.run.gradient_checkpointing) recompute_blocks(*network_.network);
  for (auto& parameter : average_.network->parameters()) parameter.requires_grad_(false);
  for (auto& rule : farfield::further_averages(options.ema)) {
    further_.push_back({std::move(rule), parameters_.values().clone()});
  }
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

// That of the lowest rank that has one, on every rank.
std::string Trainer::first_fault(std::string mine, TrainStep& report) {
  if (comm_.size() == 1) return mine;
  const auto faults = comm_.gather(torch::full({1}, mine.empty() ? 0 : 1, torch::kInt64)).flatten();
  if (faults.sum().item<int64_t>() == 0) return "";
  report.culprit = static_cast<int>(faults.argmax().item<int64_t>());
  return comm_.broadcast_text(mine, report.culprit);
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

// The inputs of the rank that had the fault; the others have nothing to show.
std::map<std::string, torch::Tensor> Trainer::evidence(const Batch& batch, const TrainStep& report) const {
  if (comm_.rank() != report.culprit) return {};
  return inspectable(make_inputs_(batch, images_), report.loss, options_.run.seed, data_->info().count);
}

void Trainer::skip_or_stop(const Batch& batch, const TrainStep& report) {
  constexpr int64_t kMostInARow = 100;
  const std::string own = own_fault(report);
  std::string message = own.empty() ? report.skipped : own;
  if (own.empty() && options_.run.nonfinite == "skip") {
    ++skipped_;
    ++skipped_in_a_row_;
    if (skipped_in_a_row_ < kMostInARow) return;
    message = fmt::format("{} steps in a row were skipped, the last because {}", kMostInARow, message);
  }
  throw NonFiniteError(message +
                           "; lower optimiser.learning_rate, lengthen optimiser.rampup_images or set "
                           "optimiser.clip_norm",
                       evidence(batch, report));
}

std::string Trainer::at_this_step() const {
  return fmt::format("is not finite at step {} ({} images seen, seed {}", images_ / options_.run.batch + 1, images_,
                     options_.run.seed);
}

std::string Trainer::fault_of(std::string_view what, const FlatParameters& parameters, const torch::Tensor& flat,
                              const TrainStep& report) const {
  const std::string name = parameters.first_not_finite(flat);
  if (name.empty()) return "";
  return fmt::format("the {} of '{}' {}, sigma {} to {})", what, name, at_this_step(),
                     format_double(report.sigma.min().item<double>()),
                     format_double(report.sigma.max().item<double>()));
}

// What no skipping heals: weights and averages that are bad themselves.
std::string Trainer::own_fault(const TrainStep& report) const {
  std::string fault = fault_of("weight", parameters_, parameters_.values(), report);
  if (fault.empty()) fault = fault_of("average", average_parameters_, average_parameters_.values(), report);
  for (const auto& average : further_) {
    if (fault.empty()) fault = fault_of("average " + average.rule.name, parameters_, average.values, report);
  }
  return fault;
}

std::string Trainer::fault_of_samples(const StepInputs& inputs, const torch::Tensor& denoised,
                                      const torch::Tensor& loss) const {
  const int64_t row = torch::isfinite(loss).logical_not().nonzero()[0][0].item<int64_t>();
  const std::string what = !all_finite(inputs.clean[row])        ? "the clean sample"
                           : !all_finite(denoised[row].detach()) ? "the denoised sample"
                                                                 : "the loss";
  return fmt::format("{} {}): sample {} of the stream at sigma {}", what, at_this_step(),
                     inputs.positions[row].item<int64_t>(), format_double(inputs.sigma[row].item<double>()));
}

std::vector<std::string> Trainer::further_averages() const {
  std::vector<std::string> names;
  for (const auto& average : further_) names.push_back(average.rule.name);
  return names;
}

TensorFile Trainer::average_file(const std::string& name, std::map<std::string, std::string> metadata) const {
  torch::Tensor values = average_parameters_.values();
  for (const auto& average : further_) {
    if (average.rule.name == name) values = average.values;
  }
  if (!all_finite(values)) {
    throw numeric_error(fmt::format("the average of '{}' is not finite after {} images; it is not saved",
                                    parameters_.first_not_finite(values), images_));
  }
  TensorFile file = to_tensor_file(options_.model_config(), *average_.network, std::move(metadata));
  for (const auto& [key, tensor] : parameters_.named(values, "model.")) file.tensors[key] = tensor.cpu();
  return file;
}

std::map<std::string, torch::Tensor> Trainer::state_tensors() const {
  auto tensors = parameters_.named(parameters_.values(), "network.");
  tensors.merge(average_parameters_.named(average_parameters_.values(), "average."));
  for (const auto& average : further_) {
    tensors.merge(parameters_.named(average.values, fmt::format("average:{}.", average.rule.name)));
  }
  tensors.merge(parameters_.named(adam_.first, "adam.first."));
  tensors.merge(parameters_.named(adam_.second, "adam.second."));
  for (const auto& item : network_.network->named_buffers()) tensors.emplace("buffer." + item.key(), item.value());
  return tensors;
}

TensorFile Trainer::state() const {
  TensorFile file;
  for (const auto& [name, tensor] : state_tensors()) {
    if (!torch::isfinite(tensor).all().item<bool>()) {
      throw numeric_error(fmt::format("'{}' is not finite after {} images; the state is not saved", name, images_));
    }
    file.tensors.emplace(name, tensor.cpu());
  }
  file.metadata = {{"images", std::to_string(images_)},
                   {"adam.steps", std::to_string(adam_.steps)},
                   {"skipped", std::to_string(skipped_)},
                   {"skipped_in_a_row", std::to_string(skipped_in_a_row_)}};
  return file;
}

void Trainer::restore(const TensorFile& state, const std::string& origin) {
  torch::NoGradGuard no_grad;
  const auto own = state_tensors();
  const std::string wrong = differences(own, state);
  if (!wrong.empty()) throw bad_file(origin, wrong);
  const int64_t images = count_in(state, "images", origin), steps = count_in(state, "adam.steps", origin);
  const int64_t skipped = count_in(state, "skipped", origin), in_a_row = count_in(state, "skipped_in_a_row", origin);
  for (const auto& [name, tensor] : own) torch::Tensor(tensor).copy_(state.tensors.at(name));
  for (auto& item : average_.network->named_buffers()) item.value().copy_(state.tensors.at("buffer." + item.key()));
  images_ = images;
  adam_.steps = steps;
  skipped_ = skipped;
  skipped_in_a_row_ = in_a_row;
  loader_ = make_loader(data_, options_.run, images, comm_);
}

void Trainer::follow_root() {
  if (comm_.size() == 1) return;
  torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> flat = {parameters_.values(), average_parameters_.values(), adam_.first, adam_.second};
  for (auto& average : further_) flat.push_back(average.values);
  for (auto* network : {&network_, &average_}) {
    for (auto& item : network->network->named_buffers()) flat.push_back(item.value());
  }
  for (auto& tensor : flat) comm_.broadcast(tensor, 0);
  auto counters = torch::tensor({images_, adam_.steps, skipped_, skipped_in_a_row_}, torch::kInt64);
  comm_.broadcast(counters, 0);
  const auto* root = counters.const_data_ptr<int64_t>();
  if (root[0] != images_) loader_ = make_loader(data_, options_.run, root[0], comm_);
  images_ = root[0], adam_.steps = root[1], skipped_ = root[2], skipped_in_a_row_ = root[3];
}

}  // namespace farfield

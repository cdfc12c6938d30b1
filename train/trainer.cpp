#include "train/trainer.h"

#include <charconv>

#include <fmt/format.h>

#include "core/device.h"
#include "core/error.h"
#include "core/math/random.h"
#include "core/text.h"
#include "train/draws.h"

namespace farfield {
namespace {

PreconditionedNetwork make_preconditioned(const TrainOptions& options, torch::Device device) {
  auto model = make_native_model(
      options.model_config(), keyed_generator({options.run.seed, static_cast<uint64_t>(Purpose::kInitialisation)}));
  model.network->to(device);
  PreconditionedNetwork network{std::move(model.network),
                                make_preconditioning(options.preconditioning, options.sigma_data)};
  if (parse_precision(options.run.precision, device) == Precision::kBf16) {
    network.activations = torch::kBFloat16;
    if (options.network.sample_shape().size() == 3) network.format = torch::MemoryFormat::ChannelsLast;
  }
  return network;
}

std::unique_ptr<Loader> make_loader(std::shared_ptr<const DataSource> data, const RunOptions& run, int64_t images) {
  Loader::Options options;
  options.batch = run.batch;
  options.seed = run.seed;
  options.start_images = images;
  return std::make_unique<Loader>(std::move(data), options);
}

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

Trainer::Trainer(const TrainOptions& options, std::shared_ptr<const DataSource> data, torch::Device device)
    : options_(options),
      data_(std::move(data)),
      device_(device),
      noise_(make_noise_distribution(options.noise)),
      weight_(make_loss_weight(options.loss, options.sigma_data)),
      network_(make_preconditioned(options, device)),
      average_(make_preconditioned(options, device)),
      parameters_(*network_.network),
      average_parameters_(*average_.network),
      adam_(make_adam_state(parameters_.values())),
      loader_(make_loader(data_, options.run, 0)) {
  parameters_.collect_gradients();
  for (auto& parameter : average_.network->parameters()) parameter.requires_grad_(false);
}

TrainStep Trainer::step() {
  const int64_t batch_size = options_.run.batch;
  const int64_t micro = options_.run.micro_batch == 0 ? batch_size : options_.run.micro_batch;
  const Batch batch = loader_->next();
  TrainStep report;
  report.learning_rate = learning_rate(options_.learning_rate, images_);

  parameters_.gradients().zero_();
  for (int64_t first = 0; first < batch_size; first += micro) accumulate(part_of(batch, first, micro), report);
  require_finite(parameters_.gradients(), "gradient", report);

  adam_step(parameters_.values(), parameters_.gradients(), adam_, report.learning_rate, options_.adam);
  require_finite(parameters_.values(), "weight", report);

  update_ema(average_parameters_.values(), parameters_.values(), ema_beta(options_.ema, images_, batch_size));
  images_ += batch_size;
  return report;
}

// Karras et al. 2022, equation 8, over part of the batch; gradients are added to what is there.
void Trainer::accumulate(const Batch& batch, TrainStep& report) {
  const uint64_t seed = options_.run.seed;
  const auto clean = augment(batch.samples, batch.positions, seed, options_.augment).to(device_);
  const auto sigma = noise_(uniform_draws(seed, Purpose::kNoiseLevel, batch.positions));
  const auto noise = normal_draws(seed, Purpose::kNoise, batch.positions, clean.sizes().slice(1)).to(device_);
  std::vector<int64_t> per_sample(clean.dim(), 1);
  per_sample[0] = clean.size(0);
  const auto noisy = torch::addcmul(clean, noise, sigma.to(device_, torch::kFloat32).view(per_sample));

  Conditioning conditioning;
  if (options_.network.label_dim > 0) conditioning.class_labels = batch.labels.to(device_);
  DropoutStream dropout(device_, {seed, static_cast<uint64_t>(Purpose::kDropout),
                                  static_cast<uint64_t>(batch.positions[0].item<int64_t>())});
  const auto denoised = network_(noisy, sigma.to(device_), conditioning, &dropout);
  const auto error = weighted_error(denoised, clean, weight_(sigma));

  const auto loss = error.detach().to(torch::kCPU, torch::kFloat64) / static_cast<double>(clean[0].numel());
  require_finite_loss(loss, sigma, batch);
  (error.sum() / static_cast<double>(options_.run.batch)).backward();

  report.sigma = report.sigma.defined() ? torch::cat({report.sigma, sigma}) : sigma;
  report.loss = report.loss.defined() ? torch::cat({report.loss, loss}) : loss;
}

void Trainer::require_finite_loss(const torch::Tensor& loss, const torch::Tensor& sigma, const Batch& batch) const {
  const auto wrong = torch::isfinite(loss).logical_not().nonzero();
  if (wrong.size(0) == 0) return;
  const int64_t row = wrong[0][0].item<int64_t>();
  throw numeric_error(fmt::format(
      "the loss is not finite at step {} ({} images seen, seed {}): sample {} of the stream at sigma {}; lower "
      "optimiser.learning_rate or lengthen optimiser.rampup_images",
      images_ / options_.run.batch + 1, images_, options_.run.seed, batch.positions[row].item<int64_t>(),
      format_double(sigma[row].item<double>())));
}

void Trainer::require_finite(const torch::Tensor& flat, std::string_view what, const TrainStep& report) const {
  const std::string name = parameters_.first_not_finite(flat);
  if (name.empty()) return;
  throw numeric_error(fmt::format(
      "the {} of '{}' is not finite at step {} ({} images seen, seed {}, sigma {} to {}); lower "
      "optimiser.learning_rate or lengthen optimiser.rampup_images",
      what, name, images_ / options_.run.batch + 1, images_, options_.run.seed,
      format_double(report.sigma.min().item<double>()), format_double(report.sigma.max().item<double>())));
}

std::map<std::string, torch::Tensor> Trainer::state_tensors() const {
  auto tensors = parameters_.named(parameters_.values(), "network.");
  tensors.merge(average_parameters_.named(average_parameters_.values(), "average."));
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
    file.tensors.emplace(name, tensor.cpu().contiguous());
  }
  file.metadata = {{"images", std::to_string(images_)}, {"adam.steps", std::to_string(adam_.steps)}};
  return file;
}

void Trainer::restore(const TensorFile& state, const std::string& origin) {
  torch::NoGradGuard no_grad;
  const auto own = state_tensors();
  const std::string wrong = differences(own, state);
  if (!wrong.empty()) throw bad_file(origin, wrong);
  const int64_t images = count_in(state, "images", origin), steps = count_in(state, "adam.steps", origin);
  for (const auto& [name, tensor] : own) torch::Tensor(tensor).copy_(state.tensors.at(name));
  for (auto& item : average_.network->named_buffers()) item.value().copy_(state.tensors.at("buffer." + item.key()));
  images_ = images;
  adam_.steps = steps;
  loader_ = make_loader(data_, options_.run, images);
}

}  // namespace farfield

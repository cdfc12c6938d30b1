// What of a Trainer is saved, restored and shared between ranks.
#include <charconv>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "train/nonfinite.h"
#include "train/trainer.h"

namespace farfield {
namespace {

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
  start_loader(images);
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
  if (root[0] != images_) start_loader(root[0]);
  images_ = root[0], adam_.steps = root[1], skipped_ = root[2], skipped_in_a_row_ = root[3];
}

}  // namespace farfield

#include "samplers/seed_batch.h"

namespace farfield {
namespace {

torch::Tensor stacked_normals(std::vector<SampleRandom>& streams, const std::vector<int64_t>& shape,
                              torch::ScalarType dtype) {
  std::vector<torch::Tensor> rows;
  for (auto& stream : streams) rows.push_back(stream.normal(shape, dtype));
  return torch::stack(rows);
}

}  // namespace

SeedBatch::SeedBatch(std::span<const int64_t> seeds, const DenoiserInfo& model)
    : streams_(seeds.begin(), seeds.end()), shape_(model.sample_shape) {
  latents_ = stacked_normals(streams_, shape_, torch::kFloat32).to(torch::kFloat64);
  classes_ = torch::full({static_cast<int64_t>(seeds.size())}, -1, torch::kInt64);
  if (model.label_dim == 0) return;
  for (size_t i = 0; i < streams_.size(); ++i) {
    classes_[static_cast<int64_t>(i)] = streams_[i].integer(model.label_dim);
  }
}

torch::Tensor SeedBatch::noise() { return stacked_normals(streams_, shape_, torch::kFloat64); }

torch::Tensor one_hot_labels(const torch::Tensor& classes, int64_t label_dim, torch::Device device) {
  if (label_dim == 0) return {};
  return torch::one_hot(classes, label_dim).to(device, torch::kFloat32);
}

}  // namespace farfield

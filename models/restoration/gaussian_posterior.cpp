#include "models/restoration/gaussian_posterior.h"

#include <ATen/ops/linalg_eigh.h>
#include <fmt/format.h>

#include "core/error.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr double kSmallestShare = 1e-13;  // of the eigenvalues of A S A^T, that its pseudo-inverse sees

// A as it acts on samples that are rows, [m of all, d].
Tensor dense_matrix(const LinearOperator& op, int64_t dim) {
  std::vector<int64_t> shape = op.info().image_shape;
  shape.insert(shape.begin(), dim);
  return op.apply(torch::eye(dim, torch::kFloat64).reshape(shape)).flatten(1).t().contiguous();
}

Tensor component_covariance(const MixtureStats& prior, int64_t k) {
  const Tensor basis = prior.bases[k];  // [r, d]
  const double tail = prior.tails[k].item<double>();
  const Tensor within = basis.t().matmul((prior.eigenvalues[k] - tail).unsqueeze(1) * basis);
  return within + tail * torch::eye(prior.dim(), torch::kFloat64);
}

}  // namespace

ExactPosterior::ExactPosterior(const MixtureStats& prior, const LinearOperator& op, double sigma_y) {
  const int64_t dim = prior.dim(), components = prior.components();
  if (c10::multiply_integers(op.info().image_shape) != dim) {
    throw usage_error(fmt::format("posterior: the prior has {} dimensions, the images of {} have {}", dim,
                                  op.info().name, c10::multiply_integers(op.info().image_shape)));
  }
  if (dim > kLargestPosterior)
    throw usage_error(fmt::format("posterior: samples of {} numbers, at most {} have one", dim, kLargestPosterior));
  if (components > 1 && sigma_y == 0)
    throw usage_error("posterior: the weights of a mixture divide by sigma_y, which is 0; say how noisy y is");
  const Tensor all = dense_matrix(op, dim);
  kept_ = all.abs().amax(1).nonzero().flatten();
  matrix_ = all.index_select(0, kept_);
  std::vector<Tensor> log_weights;
  for (int64_t k = 0; k < components; ++k) {
    const Tensor covariance = component_covariance(prior, k), across = covariance.matmul(matrix_.t());
    const auto [values, vectors] = at::linalg_eigh(matrix_.matmul(across) +
                                                   sigma_y * sigma_y * torch::eye(matrix_.size(0), torch::kFloat64));
    const Tensor seen = values > kSmallestShare * values.max();
    const Tensor inverse = torch::where(seen, values.reciprocal(), torch::zeros_like(values));
    means_.push_back(prior.means[k]);
    gains_.push_back(across.matmul(vectors * inverse).matmul(vectors.t()));
    covariances_.push_back(covariance - gains_.back().matmul(across.t()));
    whitening_.push_back(vectors * inverse.sqrt());
    log_weights.push_back(prior.weights[k].log() -
                          0.5 * torch::where(seen, values, torch::ones_like(values)).log().sum());
  }
  log_weights_ = torch::stack(log_weights);
}

Tensor ExactPosterior::measured_rows(const Tensor& y) const {
  return y.to(torch::kCPU, torch::kFloat64).flatten(1).index_select(1, kept_);
}

Tensor ExactPosterior::component_means(int64_t k, const Tensor& y) const {
  const auto at = static_cast<size_t>(k);
  return means_[at] + (measured_rows(y) - matrix_.mv(means_[at])).matmul(gains_[at].t());
}

Tensor ExactPosterior::weights(const Tensor& y) const {
  const Tensor rows = measured_rows(y);
  std::vector<Tensor> logs;
  for (size_t k = 0; k < means_.size(); ++k) {
    const Tensor white = (rows - matrix_.mv(means_[k])).matmul(whitening_[k]);
    logs.push_back(log_weights_[static_cast<int64_t>(k)] - 0.5 * white.square().sum(1));
  }
  return torch::stack(logs, 1).softmax(1);
}

Tensor ExactPosterior::means(const Tensor& y) const {
  const Tensor weight = weights(y);
  Tensor mean = torch::zeros({y.size(0), means_[0].size(0)}, torch::kFloat64);
  for (size_t k = 0; k < means_.size(); ++k) {
    const auto component = static_cast<int64_t>(k);
    mean += weight.select(1, component).unsqueeze(1) * component_means(component, y);
  }
  return mean;
}

Tensor ExactPosterior::variances(const Tensor& y) const {
  const Tensor weight = weights(y), mean = means(y);
  Tensor variance = torch::zeros_like(mean);
  for (size_t k = 0; k < means_.size(); ++k) {
    const auto component = static_cast<int64_t>(k);
    const Tensor within = covariances_[k].diagonal().clamp_min(0);
    variance += weight.select(1, component).unsqueeze(1) * (within + (component_means(component, y) - mean).square());
  }
  return variance;
}

}  // namespace farfield

#include "models/networks/preconditioned_network.h"

namespace farfield {

torch::Tensor PreconditionedNetwork::operator()(const torch::Tensor& x, const torch::Tensor& sigma, Conditioning labels,
                                                DropoutStream* dropout) const {
  const RawNetwork raw = [&](const torch::Tensor& scaled, const torch::Tensor& c_noise) {
    labels.noise_labels = c_noise;
    return network->forward(scaled.to(activations).contiguous(format), labels, dropout);
  };
  return precondition(*preconditioning, raw, x.to(network->parameters().front().scalar_type()), sigma);
}

}  // namespace farfield

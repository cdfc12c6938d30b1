#pragma once

#include <memory>
#include <string>

#include "core/device.h"
#include "models/denoiser.h"
#include "models/networks/native_model.h"
#include "models/networks/preconditioned_network.h"

namespace farfield {

// A network as a denoiser. x keeps its dtype (float64 in the samplers); preconditioning and combination run in the
// parameters' dtype (float32), the network in `model.activations`. Takes [B, label_dim] labels where the network does.
// The network is shared, not copied: changing its weights changes the denoiser (previews during training).
std::unique_ptr<Denoiser> make_network_denoiser(PreconditionedNetwork model, const ModelConfig& config,
                                                std::string name);

// The same for sampling alone: takes the network over, moves it to `device`, and for kBf16 keeps its convolutions in
// bfloat16 and channels-last, cast once.
std::unique_ptr<Denoiser> make_network_denoiser(NativeModel model, std::string name, torch::Device device,
                                                Precision precision);

}  // namespace farfield

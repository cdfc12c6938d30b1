#pragma once

#include <functional>

#include <torch/types.h>

#include "models/networks/dropout.h"

namespace farfield {

// A block of a network. `skip` and `branch` are the same input twice: what is added to the residual branch, and what
// enters it. emb is the embedding; dropout may be null.
using BlockFn = std::function<torch::Tensor(const torch::Tensor& skip, const torch::Tensor& branch,
                                            const torch::Tensor& emb, DropoutStream* dropout)>;

// block(x, x, emb, dropout), of which autograd keeps x and emb alone: the backward pass runs the block once more, with
// the same masks (gradient checkpointing: Chen et al. 2016, "Training deep nets with sublinear memory cost"). Gradients
// of x, of emb and of every parameter that the block uses are added where the plain call adds them, with its bits.
// The graph holds `block`; the block's parameters stay as they are until the backward pass.
torch::Tensor recomputed(const BlockFn& block, const torch::Tensor& x, const torch::Tensor& emb,
                         DropoutStream* dropout);

}  // namespace farfield

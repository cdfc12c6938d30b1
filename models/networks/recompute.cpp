#include "models/networks/recompute.h"

#include <optional>

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

namespace farfield {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// What runs the block again, held by the graph.
struct Recipe final : torch::CustomClassHolder {
  Recipe(BlockFn function, const DropoutStream* dropout) : block(std::move(function)) {
    if (dropout != nullptr) masks = *dropout;
  }

  Tensor run(const Tensor& skip, const Tensor& branch, const Tensor& emb) const {
    if (!masks) return block(skip, branch, emb, nullptr);
    DropoutStream same = *masks;
    return block(skip, branch, emb, &same);
  }

  BlockFn block;
  std::optional<DropoutStream> masks;  // as before the block drew
};

// x has two inputs of its own, so that autograd adds its gradients one by one and in the plain graph's order: the sum
// with what x gives elsewhere (the decoder's skips) then has the same bits.
struct Recomputed final : torch::autograd::Function<Recomputed> {
  static Tensor forward(AutogradContext* context, const Tensor& skip, const Tensor& branch, const Tensor& emb,
                        const BlockFn& block, DropoutStream* dropout) {
    context->save_for_backward({skip, emb});
    context->saved_data["recipe"] = c10::IValue::make_capsule(c10::make_intrusive<Recipe>(block, dropout));
    return block(skip, branch, emb, dropout);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto recipe = context->saved_data["recipe"].toCapsule();
    const auto leaf = [](const Tensor& value) { return value.detach().requires_grad_(true); };
    const Tensor skip = leaf(saved[0]), branch = leaf(saved[0]), emb = leaf(saved[1]);
    Tensor out;
    {
      at::AutoGradMode grad(true);
      out = static_cast<const Recipe&>(*recipe).run(skip, branch, emb);
    }
    torch::autograd::backward({out}, {gradients[0]});
    return {skip.grad(), branch.grad(), emb.grad(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor recomputed(const BlockFn& block, const Tensor& x, const Tensor& emb, DropoutStream* dropout) {
  return Recomputed::apply(x, x, emb, block, dropout);
}

}  // namespace farfield

#include "models/imports/module_tensors.h"

#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <torch/csrc/jit/ir/ir.h>

namespace farfield {
namespace {

// Bytes from the storage's begin to the end of the tensor's last element; nothing when they overflow.
std::optional<int64_t> bytes_needed(const torch::Tensor& tensor) {
  int64_t last = tensor.storage_offset();
  if (last < 0) return std::nullopt;
  for (int64_t dim = 0; dim < tensor.dim(); ++dim) {
    const int64_t size = tensor.size(dim), stride = tensor.stride(dim);
    int64_t step = 0;
    if (size < 0 || stride < 0) return std::nullopt;
    if (size == 0) return 0;
    if (__builtin_mul_overflow(size - 1, stride, &step)) return std::nullopt;
    if (__builtin_add_overflow(last, step, &last)) return std::nullopt;
  }
  int64_t bytes = 0;
  if (__builtin_add_overflow(last, int64_t{1}, &last) || __builtin_mul_overflow(last, tensor.element_size(), &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

void check_tensor(const torch::Tensor& tensor, const std::string& name) {
  if (!tensor.defined() || tensor.layout() != torch::kStrided || !tensor.has_storage()) return;
  const std::optional<int64_t> needed = bytes_needed(tensor);
  const auto there = static_cast<int64_t>(tensor.storage().nbytes());
  const bool empty = needed == 0;
  if (needed && *needed <= there && (empty || tensor.storage().data() != nullptr || tensor.is_meta())) return;
  throw std::runtime_error(
      fmt::format("tensor {} reaches beyond its {} bytes of data: the file is damaged", name, there));
}

void check_value(const c10::IValue& value, const std::string& name) {
  value.visit([&](const c10::IValue& part) {
    if (part.isTensor()) check_tensor(part.toTensor(), name);
    return false;
  });
}

void check_constants(const torch::jit::Block& block, const std::string& name) {
  for (const torch::jit::Node* node : block.nodes()) {
    const bool constant = node->kind() == torch::jit::prim::Constant && node->hasAttribute(torch::jit::attr::value) &&
                          node->kindOf(torch::jit::attr::value) == torch::jit::AttributeKind::t;
    if (constant) check_tensor(node->t(torch::jit::attr::value), name);
    for (const torch::jit::Block* inner : node->blocks()) check_constants(*inner, name);
  }
}

}  // namespace

void check_tensors(const torch::jit::Module& module) {
  for (const auto& part : module.named_modules()) {
    for (const auto& attribute : part.value.named_attributes(/*recurse=*/false)) {
      if (!attribute.value.isModule()) check_value(attribute.value, part.name + "." + attribute.name);
    }
    for (const auto& method : part.value.get_methods()) {
      check_constants(*method.graph()->block(), "a constant of " + method.name());
    }
  }
}

}  // namespace farfield

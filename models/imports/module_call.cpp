#include "models/imports/module_call.h"

#include <c10/util/StringUtil.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "core/want_of_memory.h"
#include "models/imports/interpreter_reason.h"

namespace farfield {
namespace {

using torch::Tensor;

// What is wrong with a result before its values are looked at; "" when nothing is.
std::string fault_of(const Tensor& result, const std::vector<int64_t>& shape) {
  const std::string wanted = fmt::format("expected dense floating point {}", shape_text(shape));
  if (!result.defined()) return "its result is no tensor; " + wanted;
  if (result.layout() != torch::kStrided || result.is_nested()) {
    return fmt::format("its result is not dense ({}); {}", c10::str(result.layout()), wanted);
  }
  if (result.is_meta() || result.is_quantized()) {
    return fmt::format("its result is {}; {}", result.is_meta() ? "without values (device meta)" : "quantised", wanted);
  }
  if (!result.is_floating_point()) return fmt::format("its result is {}; {}", toString(result.scalar_type()), wanted);
  if (result.sizes() != torch::IntArrayRef(shape)) {
    return fmt::format("its result is {}; {}", shape_text(result.sizes()), wanted);
  }
  return "";
}

bool is_finite(const std::vector<Tensor>& inputs) {
  for (const Tensor& input : inputs) {
    if (!input.isfinite().all().item<bool>()) return false;
  }
  return true;
}

std::string fault_of_values(const Tensor& values, const ModuleCall& call) {
  const Tensor finite = values.isfinite();
  if (finite.all().item<bool>() || !is_finite(call.inputs)) return "";
  return fmt::format("{} of {} values of its result are NaN or infinite, for level {:g} and finite x",
                     finite.logical_not().sum().item<int64_t>(), values.numel(), call.inputs[1][0].item<double>());
}

}  // namespace

std::string shape_text(torch::IntArrayRef shape) { return "[" + join(shape, ",") + "]"; }

ModuleResult call_module(const ImportedCall& module, const ModuleCall& call) {
  try {
    std::vector<Tensor> copies;
    for (const Tensor& input : call.inputs) copies.push_back(input.clone(torch::MemoryFormat::Contiguous));
    const Tensor result = module(copies);
    if (std::string fault = fault_of(result, call.result_shape); !fault.empty()) return {{}, std::move(fault)};
    Tensor own = torch::empty(call.result_shape, call.inputs[0].options());
    own.copy_(result);
    std::string fault = fault_of_values(own, call);
    return {std::move(own), std::move(fault)};
  } catch (const std::exception& error) {
    pass_on_want_of_memory(error);
    return {{}, "it failed when it was called: " + reason_of(error)};
  }
}

}  // namespace farfield

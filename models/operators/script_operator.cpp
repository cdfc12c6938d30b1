#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/error.h"
#include "core/io/file.h"
#include "core/want_of_memory.h"
#include "models/imports/interpreter_reason.h"
#include "models/imports/module_call.h"
#include "models/imports/script_module.h"
#include "models/imports/trial.h"
#include "models/imports/trusted_file.h"
#include "models/operators/operators.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr double kTrialSeconds = 60;

// What is wrong with a module's result for `images` images of `shape` each; "" when nothing is. Empty `shape`: any.
std::string fault_of_measurement(const ScriptOutputs& outputs, int64_t images, torch::IntArrayRef shape) {
  if (!outputs.one_tensor()) return "it returned " + outputs.type + ", expected one tensor";
  const Tensor& y = outputs.tensors.front();
  if (!y.defined() || y.layout() != torch::kStrided || y.is_nested() || y.is_meta() || y.is_quantized())
    return "it returned no dense tensor";
  if (!y.is_floating_point()) return fmt::format("it returned {}, expected floating point", toString(y.scalar_type()));
  if (y.dim() < 2 || y.size(0) != images || y.numel() == 0)
    return fmt::format("it returned {}, expected a row of numbers for each of {} images", shape_text(y.sizes()),
                       images);
  if (!shape.empty() && y.sizes().slice(1) != shape)
    return fmt::format("it returned {}, and {} for the first image", shape_text(y.sizes().slice(1)), shape_text(shape));
  return y.isfinite().all().item<bool>() ? "" : "it returned values that are NaN or infinite";
}

class ScriptOperator final : public Operator {
 public:
  ScriptOperator(OperatorInfo info, ScriptModule module, ScriptOperatorRequest request)
      : Operator(std::move(info)), module_(std::move(module)), request_(std::move(request)) {}

 private:
  Tensor applied(const Tensor& x) const override { return called(given(x)).to(x.options()); }

  Tensor pulled_back(const Tensor& x, const Tensor& v) const override {
    const torch::AutoGradMode gradients(true);
    const Tensor input = given(x.detach()).requires_grad_();
    const Tensor y = called(input.clone());  // not the leaf itself, which it may not change
    if (!y.requires_grad()) refuse("its result has no gradient with respect to the image");
    const auto back = torch::autograd::grad({y}, {input}, {v.to(y.options())}, /*retain_graph=*/false,
                                            /*create_graph=*/false, /*allow_unused=*/true);
    return back[0].defined() ? back[0].to(x.options()) : torch::zeros_like(x);
  }

  // A copy: what the module does to it is its own business.
  Tensor given(const Tensor& x) const {
    return x.to(torch::TensorOptions(torch::kCPU).dtype(request_.dtype), /*non_blocking=*/false, /*copy=*/true);
  }

  Tensor called(const Tensor& x) const {
    ScriptOutputs outputs;
    try {
      outputs = module_({x});
    } catch (const std::exception& error) {
      pass_on_want_of_memory(error);
      refuse("it failed with " + shape_text(x.sizes()) + ": " + reason_of(error));
    }
    if (const std::string fault = fault_of_measurement(outputs, x.size(0), info().measurement_shape); !fault.empty())
      refuse(fault);
    return outputs.tensors.front();
  }

  [[noreturn]] void refuse(const std::string& fault) const {
    throw bad_file(request_.file.string(), "operator script: " + fault);
  }

  ScriptModule module_;
  ScriptOperatorRequest request_;
};

// The shape of a measurement, by showing the module one image.
std::vector<int64_t> measured_shape(const ScriptModule& module, const Tensor& image, const std::string& path) {
  const torch::NoGradGuard no_gradients;
  const auto refuse = [&](const std::string& fault) { return bad_file(path, "operator script: " + fault); };
  try {
    const ScriptOutputs outputs = module({image});
    if (const std::string fault = fault_of_measurement(outputs, image.size(0), {}); !fault.empty()) throw refuse(fault);
    return outputs.tensors.front().sizes().slice(1).vec();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    pass_on_want_of_memory(error);
    throw refuse("it failed with " + shape_text(image.sizes()) + ": " + reason_of(error));
  }
}

}  // namespace

std::unique_ptr<Operator> make_script_operator(std::string name, std::vector<int64_t> shape,
                                               const ScriptOperatorRequest& request) {
  const std::string path = request.file.string();
  const std::string bytes = read_file(request.file, kLargestImport);
  check_trust(request.file, bytes, request.sha256, request.trust);
  std::vector<int64_t> batch = shape;
  batch.insert(batch.begin(), 2);
  const Tensor images = torch::linspace(-1, 1, c10::multiply_integers(batch)).reshape(batch).to(request.dtype);
  const Trial trial = try_in_child(kTrialSeconds, [&]() -> std::string {
    const torch::NoGradGuard no_gradients;
    ScriptModule(bytes, torch::kCPU)({images});
    return "";
  });
  if (!trial.fault.empty())
    throw bad_file(path, "operator script: loading it and showing it two images in a trial process " + trial.fault);
  std::vector<ScriptModule> module;  // in which it is made, for it has no empty state
  try {
    module.emplace_back(bytes, torch::kCPU);
  } catch (const std::exception& error) {
    throw_unreadable_script(request.file, error);
  }
  OperatorInfo info{std::move(name), std::move(shape), measured_shape(module.front(), images, path)};
  auto made = std::make_unique<ScriptOperator>(std::move(info), std::move(module.front()), request);
  (void)made->pull_back(images.to(torch::kFloat64), torch::zeros_like(made->apply(images.to(torch::kFloat64))));
  return made;
}

}  // namespace farfield

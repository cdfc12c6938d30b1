#include "analysis/features/feature_network.h"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <c10/util/StringUtil.h>
#include <fmt/format.h>

#include "analysis/features/feature_input.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/text.h"
#include "core/want_of_memory.h"
#include "models/imports/interpreter_reason.h"
#include "models/imports/module_call.h"
#include "models/imports/trial.h"
#include "models/imports/trusted_file.h"

namespace farfield {
namespace {

using torch::Tensor;

// An image that is not the same everywhere, for the first call.
Tensor first_image(std::vector<int64_t> shape) {
  shape.insert(shape.begin(), 1);
  return torch::linspace(-1, 1, c10::multiply_integers(shape)).reshape(shape);
}

// What is wrong with one result for `images` images; "" when nothing is.
std::string fault_of_output(const Tensor& output, int64_t images) {
  if (!output.defined() || output.layout() != torch::kStrided || output.is_nested())
    return "a result is no dense tensor";
  if (output.is_meta() || output.is_quantized()) return "a result has no values of its own (meta or quantised)";
  if (!output.is_floating_point())
    return fmt::format("a result is {}, expected floating point", toString(output.scalar_type()));
  if (output.dim() < 2 || output.size(0) != images)
    return fmt::format("a result is {}, expected a row for each of {} images", shape_text(output.sizes()), images);
  const Tensor finite = output.isfinite();
  if (finite.all().item<bool>()) return "";
  return fmt::format("{} of {} values of a result are NaN or infinite", finite.logical_not().sum().item<int64_t>(),
                     output.numel());
}

// What to try where the module refuses its input's dtype.
std::string dtype_hint(const std::string& reason, const FeatureContract& contract) {
  static const std::vector<std::string> kWords = {"dtype", "Byte", "Float", "unsigned char", "scalar type"};
  if (std::ranges::none_of(kWords, [&](const std::string& word) { return reason.find(word) != std::string::npos; }))
    return "";
  return fmt::format("; it was given {}: does it want 'dtype: {}'?", contract.dtype,
                     contract.dtype == "uint8" ? "float" : "uint8");
}

void require_surviving(const std::filesystem::path& path, double time_limit, const std::function<void()>& work) {
  const Trial trial = try_in_child(time_limit, [&]() -> std::string {
    const torch::NoGradGuard no_gradients;
    work();
    return "";
  });
  if (trial.fault.empty()) return;
  const bool slow = trial.fault.starts_with("took");
  throw bad_file(path.string(),
                 fmt::format("loading it and showing it one image in a trial process {}; {}", trial.fault,
                             slow ? "the network loops for ever, or needs more time: time_limit=SECONDS"
                                  : "the file is damaged or made for another machine"));
}

}  // namespace

FeatureNetwork::FeatureNetwork(const FeatureRequest& request, NetworkForm form, const std::vector<int64_t>& shape,
                               bool trust, torch::Device device)
    : form_(std::move(form)), path_(request.network), device_(device) {
  check_network_shape(shape, form_.contract);
  const std::string bytes = read_file(path_, kLargestImport);
  check_trust(path_, bytes, request.sha256, trust);
  form_.contract.sha256 = sha256(bytes);
  const Tensor input = network_input(first_image(shape), form_.contract);
  require_surviving(path_, request.time_limit,
                    [&] { ScriptModule(bytes, torch::kCPU)({input}, form_.contract.arguments); });
  try {
    module_.emplace_back(bytes, device_);
  } catch (const std::exception& error) {
    throw_unreadable_script(path_, error);
  }
}

ScriptOutputs FeatureNetwork::outputs(const Tensor& images) const {
  const torch::NoGradGuard no_gradients;
  ScriptOutputs outputs = called(module_.front(), network_input(images, form_.contract).to(device_));
  for (Tensor& output : outputs.tensors) {
    if (const std::string fault = fault_of_output(output, images.size(0)); !fault.empty())
      throw bad_file(path_.string(), "the network: " + fault);
    output = output.to(torch::kCPU, torch::kFloat32).contiguous();
  }
  return outputs;
}

ScriptOutputs FeatureNetwork::called(const ScriptModule& module, const Tensor& input) const {
  try {
    return module({input}, form_.contract.arguments);
  } catch (const std::exception& error) {
    pass_on_want_of_memory(error);
    const std::string reason = reason_of(error);
    throw bad_file(path_.string(),
                   fmt::format("the network failed when it was called with {} {}: {}{}", form_.contract.dtype,
                               shape_text(input.sizes()), reason, dtype_hint(reason, form_.contract)));
  }
}

Tensor FeatureNetwork::chosen(const ScriptOutputs& outputs) const {
  const std::string& wanted = form_.contract.output;
  const auto refuse = [&](const std::string& hint) {
    return bad_file(path_.string(), fmt::format("the network returns {}; {}", outputs.type, hint));
  };
  if (wanted.empty()) {
    if (outputs.one_tensor()) return outputs.tensors.front();
    throw refuse(
        "expected one tensor: say which one in its YAML, 'output: NAME' of a dictionary or 'output: 0' of others");
  }
  if (!outputs.names.empty()) {
    const auto found = std::ranges::find(outputs.names, wanted);
    if (found == outputs.names.end()) throw refuse(unknown_name("output", wanted, outputs.names));
    return outputs.tensors[static_cast<size_t>(found - outputs.names.begin())];
  }
  const int64_t place = parse_int(wanted, path_.string() + ": output");
  if (place < 0 || place >= static_cast<int64_t>(outputs.tensors.size()))
    throw refuse(fmt::format("there is no output {}", place));
  return outputs.tensors[static_cast<size_t>(place)];
}

}  // namespace farfield

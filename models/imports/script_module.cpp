#include "models/imports/script_module.h"

#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/python/update_graph_executor_opt.h>
#include <torch/csrc/jit/runtime/print_handler.h>
#include <torch/csrc/jit/serialization/import.h>

#include "core/error.h"
#include "core/io/wrong_file.h"
#include "core/log.h"
#include "core/want_of_memory.h"
#include "models/imports/interpreter_reason.h"
#include "models/imports/module_tensors.h"

namespace farfield {
namespace {

// What a module prints is a message, never part of a result on standard output.
void print_as_message(const std::string& text) {
  const std::string_view line = text;
  log::info(line.substr(0, line.find_last_not_of('\n') + 1));
}

void take_tensor(const c10::IValue& value, ScriptOutputs& outputs) {
  if (!value.isTensor()) throw std::runtime_error(fmt::format("it returned {}, expected tensors alone", outputs.type));
  outputs.tensors.push_back(value.toTensor());
}

ScriptOutputs outputs_of(const c10::IValue& value) {
  ScriptOutputs outputs;
  outputs.type = value.type()->annotation_str();
  if (value.isGenericDict()) {
    for (const auto& entry : value.toGenericDict()) {
      outputs.names.push_back(entry.key().isString() ? entry.key().toStringRef() : "");
      take_tensor(entry.value(), outputs);
    }
  } else if (value.isTuple()) {
    for (const c10::IValue& one : value.toTupleRef().elements()) take_tensor(one, outputs);
  } else if (value.isList()) {
    for (const c10::IValue& one : value.toListRef()) take_tensor(one, outputs);
  } else {
    take_tensor(value, outputs);
  }
  return outputs;
}

}  // namespace

ScriptModule::ScriptModule(const std::string& bytes, torch::Device device) : device_(device) {
  torch::jit::setPrintHandler(print_as_message);
  std::istringstream stream(bytes);
  module_ = std::make_shared<torch::jit::Module>(torch::jit::load(stream, device));
  check_tensors(*module_);
  module_->eval();
}

ScriptOutputs ScriptModule::operator()(const std::vector<torch::Tensor>& inputs,
                                       const std::vector<std::string>& flags) const {
  torch::jit::setGraphExecutorOptimize(device_.is_cuda());  // a switch of the calling thread
  torch::jit::Kwargs set;
  for (const std::string& flag : flags) set.emplace(flag, true);
  return outputs_of(module_->forward({inputs.begin(), inputs.end()}, set));
}

void throw_unreadable_script(const std::filesystem::path& path, const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) throw;
  pass_on_want_of_memory(error);
  const std::string reason = "no TorchScript module that this LibTorch can read: " + first_line(error);
  throw_named(path, FileKind::kTorchScript, bad_file(path.string(), reason));
}

}  // namespace farfield

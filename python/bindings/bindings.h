#pragma once

#include <memory>
#include <string>

#include <torch/csrc/autograd/python_variable.h>
#include <torch/csrc/utils/pybind.h>

#include "core/error.h"
#include "models/denoiser.h"

// The door for Python: farfield._core. One add_ function a file; python/farfield/ puts defaults and documentation on top.
namespace farfield::python {

namespace py = pybind11;

void add_errors(py::module_& module);
void add_denoisers(py::module_& module);
void add_fitting(py::module_& module);
void add_sampling(py::module_& module);
void add_comparing(py::module_& module);
void add_training(py::module_& module);

// A torch.Tensor as it is (no copy), anything else by torch.as_tensor. usage_error naming `what` if that fails.
torch::Tensor tensor_of(const py::object& values, const std::string& what);

// A Python exception on its way through C++: caught with the interpreter held, thrown on as one of ours with the original
// as its cause. KeyboardInterrupt and SystemExit travel unchanged.
[[noreturn]] void rethrow_python_error(py::error_already_set& error, const std::string& where);

// Ctrl-C: runs Python's signal handlers; what they raise is thrown. To be called without the interpreter held.
void check_signals();

// Runs `work` without holding the interpreter.
template <class Work>
auto released(Work&& work) {
  const py::gil_scoped_release release;
  return work();
}

}  // namespace farfield::python

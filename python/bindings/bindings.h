#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/python_variable.h>
#include <torch/csrc/utils/pybind.h>

#include "core/error.h"
#include "core/interrupt_scope.h"
#include "core/io/rows.h"
#include "models/denoiser.h"

// The door for Python: farfield._core. One add_ function a file; python/farfield/ puts defaults and documentation on top.
namespace farfield::python {

namespace py = pybind11;

void add_errors(py::module_& module);
void add_denoisers(py::module_& module);
void add_fitting(py::module_& module);
void add_learning(py::module_& module);
void add_likelihood(py::module_& module);
void add_sampling(py::module_& module);
void add_comparing(py::module_& module);
void add_deviating(py::module_& module);
void add_featuring(py::module_& module);
void add_quality(py::module_& module);
void add_encoding(py::module_& module);
void add_restoring(py::module_& module);
void add_interpolating(py::module_& module);
void add_jumping(py::module_& module);
void add_calibrating(py::module_& module);
void add_geometry(py::module_& module);
void add_smoothing(py::module_& module);
void add_studying(py::module_& module);
void add_fitting_solvers(py::module_& module);
void add_theorising(py::module_& module);
void add_training(py::module_& module);

// A torch.Tensor as it is (no copy), anything else by torch.as_tensor. usage_error naming `what` if that fails.
torch::Tensor tensor_of(const py::object& values, const std::string& what);

// A Python exception on its way through C++: caught with the interpreter held, thrown on as one of ours with the original
// as its cause. KeyboardInterrupt and SystemExit travel unchanged.
[[noreturn]] void rethrow_python_error(py::error_already_set& error, const std::string& where);

// A table as {column: numpy array}: texts, int64 or float64; an empty cell is NaN.
py::dict columns_of(const Table& table);

// While it lives, Ctrl-C (or what else Python's signal handlers raise) stops the loops of farfield on this thread. Made and
// destroyed with the interpreter held.
class PythonSignals {
 public:
  PythonSignals() : scope_([this] { return asked(); }) {}
  // Stops them for a KeyboardInterrupt that was caught elsewhere on the way.
  void remember(const py::error_already_set& raised) { raised_ = raised; }
  // Throws what Python raised when `stopped` came of it, with `stopped` as its cause.
  void prefer_to(const Error& stopped);

 private:
  bool asked();

  std::optional<py::error_already_set> raised_;
  std::chrono::steady_clock::time_point asked_at_ = {};
  InterruptScope scope_;
};

// In a forked child OpenMP's threads are gone, and a call for two of them would wait forever: this thread is set to one.
void watch_forks();  // once
void keep_to_one_thread_after_a_fork();

// work(signals) or work() without the interpreter held; Ctrl-C is looked for.
template <class Work>
auto released(Work&& work) {
  keep_to_one_thread_after_a_fork();
  PythonSignals signals;
  try {
    const py::gil_scoped_release release;
    if constexpr (std::is_invocable_v<Work, PythonSignals&>) {
      return work(signals);
    } else {
      return work();
    }
  } catch (const Error& error) {
    signals.prefer_to(error);
    throw;
  }
}

// released(), for what is kept: its tensors can be used in a graph even if it is made in the user's inference_mode.
template <class Work>
auto made(Work&& work) {
  const c10::InferenceMode no_inference(false);
  return released(std::forward<Work>(work));
}

}  // namespace farfield::python

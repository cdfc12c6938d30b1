#include <pybind11/stl.h>

#include "analysis/interpolation/interpolation_theory.h"
#include "bindings.h"
#include "samplers/interpolate.h"

namespace farfield::python {
namespace {

torch::Tensor interpolated(const py::object& corners, const std::string& mode, std::optional<std::string> weight,
                           int64_t frames) {
  const torch::Tensor given = tensor_of(corners, "corners").detach().to(torch::kCPU);
  return released([&] { return interpolate(given, {mode, std::move(weight), frames}); });
}

}  // namespace

void add_interpolating(py::module_& module) {
  module.def("interpolate", &interpolated);
  module.def("interpolation_theory", [] { return columns_of(interpolation_theory_table()); });
}

}  // namespace farfield::python

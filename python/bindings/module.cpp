#include <torch/version.h>

#include "bindings.h"
#include "core/version.h"

PYBIND11_MODULE(_core, module) {
  using namespace farfield::python;
  module.attr("version") = farfield::kVersion;
  module.attr("torch_version") = TORCH_VERSION;
  watch_forks();
  add_errors(module);
  add_denoisers(module);
  add_fitting(module);
  add_fitting_solvers(module);
  add_sampling(module);
  add_comparing(module);
  add_learning(module);
  add_featuring(module);
  add_quality(module);
  add_deviating(module);
  add_likelihood(module);
  add_encoding(module);
  add_restoring(module);
  add_interpolating(module);
  add_jumping(module);
  add_calibrating(module);
  add_geometry(module);
  add_smoothing(module);
  add_studying(module);
  add_theorising(module);
  add_training(module);
}

#include <torch/version.h>

#include "bindings.h"
#include "core/progress.h"
#include "core/version.h"

PYBIND11_MODULE(_core, module) {
  using namespace farfield::python;
  farfield::Progress::set_enabled(false);
  module.attr("version") = farfield::kVersion;
  module.attr("torch_version") = TORCH_VERSION;
  add_errors(module);
  add_denoisers(module);
  add_fitting(module);
  add_sampling(module);
}

#include <optional>

#include <fmt/format.h>
#include <pybind11/stl.h>

#include "bindings.h"
#include "fitted.h"
#include "models/registry/model_registry.h"
#include "samplers/model_levels.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield::python {
namespace {

using OptionalText = std::optional<std::string>;
using OptionalNumber = std::optional<double>;

std::vector<double> levels(const Denoiser& model, const std::string& schedule, std::vector<double> sigmas,
                           std::optional<int64_t> steps, OptionalNumber sigma_min, OptionalNumber sigma_max, OptionalNumber rho,
                           OptionalText variant, OptionalText final) {
  return resolve_levels({schedule, {}, std::move(sigmas), steps, sigma_min, sigma_max, rho, std::move(variant), std::move(final)},
                        model.info());
}

// How `sample` is called from Python: everything that is not in the levels.
struct Asked {
  std::vector<int64_t> seeds;
  int64_t batch = 64;
  py::object latents = py::none(), classes = py::none();
  std::optional<int64_t> label;
  std::vector<double> churn;  // S, MIN, MAX, NOISE
  bool afs = false, denoise_to_zero = false, trajectory = false;
  OptionalNumber threshold, ode_jump, teleport;
};

SampleRequest request_of(const Asked& asked, std::vector<double> levels) {
  SampleRequest request;
  request.seeds = asked.seeds;
  request.levels = std::move(levels);
  request.batch = asked.batch;
  if (!asked.latents.is_none()) request.latents = tensor_of(asked.latents, "latents").detach().to(torch::kCPU);
  if (!asked.classes.is_none()) request.classes = tensor_of(asked.classes, "classes").to(torch::kCPU, torch::kInt64);
  request.label = asked.label;
  if (!asked.churn.empty()) {
    if (asked.churn.size() != 4) throw usage_error("churn: expected four numbers S_churn, S_min, S_max, S_noise");
    request.churn = {asked.churn[0], asked.churn[1], asked.churn[2], asked.churn[3]};
  }
  request.afs = asked.afs;
  request.denoise_to_zero = asked.denoise_to_zero;
  request.trajectory = asked.trajectory;
  request.threshold = asked.threshold;
  request.ode_jump = asked.ode_jump;
  request.on_evaluation = [](int64_t) { check_signals(); };
  return request;
}

py::dict run(const Denoiser& model, const std::string& solver, const Asked& asked, std::vector<double> levels,
             const Fitted* fitted) {
  SampleRequest request = request_of(asked, std::move(levels));
  if (asked.teleport.has_value() != (fitted != nullptr)) {
    throw usage_error("sample: teleport and gaussian belong together: give both, or neither");
  }
  if (fitted != nullptr) {
    const auto* gaussian = std::get_if<GaussianStats>(&fitted->reference.stats);
    if (gaussian == nullptr) throw usage_error("sample: gaussian is a mixture, expected a fitted Gaussian");
    request.teleport = Teleport{*asked.teleport, *gaussian};
  }
  const auto method = make_solver(solver);
  const Samples samples = released([&] {
    request.validate(model.info());
    return sample(model, *method, request);
  });
  py::dict result;
  result["x"] = samples.x;
  result["seeds"] = samples.seeds;
  result["classes"] = samples.classes;
  result["nfe"] = samples.nfe;
  result["seconds"] = samples.seconds;
  result["sigmas"] = torch::tensor(request.levels_run(), torch::kFloat64);
  result["trajectory"] = request.trajectory ? py::cast(samples.trajectory) : py::none();
  result["trajectory_sigmas"] = request.trajectory ? py::cast(torch::tensor(samples.levels, torch::kFloat64)) : py::none();
  return result;
}

}  // namespace

void add_sampling(py::module_& module) {
  module.def("levels", &levels);
  module.def("solver_names", &solver_names);
  module.def("resolve_solver", [](const std::string& solver) { return resolve_solver(solver); });
  py::class_<Asked>(module, "Asked")
      .def(py::init<>())
      .def_readwrite("seeds", &Asked::seeds)
      .def_readwrite("batch", &Asked::batch)
      .def_readwrite("latents", &Asked::latents)
      .def_readwrite("classes", &Asked::classes)
      .def_readwrite("label", &Asked::label)
      .def_readwrite("churn", &Asked::churn)
      .def_readwrite("afs", &Asked::afs)
      .def_readwrite("denoise_to_zero", &Asked::denoise_to_zero)
      .def_readwrite("trajectory", &Asked::trajectory)
      .def_readwrite("threshold", &Asked::threshold)
      .def_readwrite("ode_jump", &Asked::ode_jump)
      .def_readwrite("teleport", &Asked::teleport);
  module.def("sample", &run, py::arg("model"), py::arg("solver"), py::arg("asked"), py::arg("levels"),
             py::arg("gaussian").none(true));
}

}  // namespace farfield::python

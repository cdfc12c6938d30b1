#include <optional>

#include <fmt/format.h>
#include <pybind11/stl.h>

#include "bindings.h"
#include "core/device.h"
#include "core/text.h"
#include "fitted.h"
#include "models/registry/model_registry.h"
#include "named_model.h"
#include "samplers/model_levels.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield::python {
namespace {

using OptionalText = std::optional<std::string>;
using OptionalNumber = std::optional<double>;

std::vector<double> levels(const NamedModel& model, const std::string& schedule, std::vector<double> sigmas,
                           std::optional<int64_t> steps, OptionalNumber sigma_min, OptionalNumber sigma_max,
                           OptionalNumber rho, OptionalText variant, OptionalText final) {
  const bool search = names_model(schedule) && !model.text.empty();
  return resolve_levels({schedule, search ? model_sha256(model.text) : "", std::move(sigmas), steps, sigma_min,
                         sigma_max, rho, std::move(variant), std::move(final)},
                        model.denoiser->info());
}

void set_churn(SampleRequest& request, const std::vector<double>& churn) {
  if (churn.size() != 4) throw usage_error("churn: expected four numbers S_churn, S_min, S_max, S_noise");
  request.churn = {churn[0], churn[1], churn[2], churn[3]};
}

void set_teleport(SampleRequest& request, double sigma, const Fitted& fitted) {
  request.teleport = Teleport{sigma, gaussian_of(fitted)};
}

void check_classes(const SampleRequest& request, const DenoiserInfo& model) {
  const torch::Tensor& classes = request.classes;
  const auto count = static_cast<int64_t>(request.seeds.size());
  const bool fits = !classes.defined() || model.label_dim == 0 ||
                    (classes.sizes() == torch::IntArrayRef({count}) &&
                     (count == 0 ||
                      (classes.min().item<int64_t>() >= 0 && classes.max().item<int64_t>() < model.label_dim)));
  if (fits) return;
  throw usage_error(fmt::format("sampling: classes are {}, expected [{}], one a seed, each from 0 to {}",
                                c10::str(classes.sizes()), count, model.label_dim - 1));
}

py::dict draw(const NamedModel& named, const std::string& solver, SampleRequest request) {
  const Denoiser& model = *named.denoiser;
  const auto method = make_solver(solver);
  request.device = parse_device(named.device);
  const Samples samples = released([&] {
    check_classes(request, model.info());
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
  result["denoised"] = request.trajectory ? py::cast(samples.denoised) : py::none();
  result["trajectory_sigmas"] = request.trajectory ? py::cast(torch::tensor(samples.levels, torch::kFloat64))
                                                   : py::none();
  return result;
}

}  // namespace

void add_sampling(py::module_& module) {
  module.def("parse_seeds", [](const std::string& text) { return parse_seeds(text); });
  module.def("levels", &levels);
  module.def("solver_names", &solver_names);
  module.def("resolve_solver", [](const std::string& solver) { return resolve_solver(solver); });
  py::class_<SampleRequest>(module, "SampleRequest")
      .def(py::init<>())
      .def_readwrite("seeds", &SampleRequest::seeds)
      .def_readwrite("levels", &SampleRequest::levels)
      .def_readwrite("batch", &SampleRequest::batch)
      .def_readwrite("label", &SampleRequest::label)
      .def_readwrite("afs", &SampleRequest::afs)
      .def_readwrite("threshold", &SampleRequest::threshold)
      .def_readwrite("denoise_to_zero", &SampleRequest::denoise_to_zero)
      .def_readwrite("ode_jump", &SampleRequest::ode_jump)
      .def_readwrite("trajectory", &SampleRequest::trajectory)
      .def("set_latents",
           [](SampleRequest& request, const py::object& latents) {
    request.latents = tensor_of(latents, "latents").detach().to(torch::kCPU);
  })
      .def("set_classes",
           [](SampleRequest& request, const py::object& classes) {
    request.classes = tensor_of(classes, "classes").to(torch::kCPU, torch::kInt64);
  })
      .def("set_churn", &set_churn)
      .def("set_teleport", &set_teleport);
  module.def("sample", &draw);
}

}  // namespace farfield::python

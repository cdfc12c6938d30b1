#include <filesystem>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/restoration/measurements.h"
#include "analysis/restoration/restore_run.h"
#include "bindings.h"
#include "core/device.h"
#include "core/error.h"
#include "core/stopwatch.h"
#include "fitted.h"
#include "models/operators/operator_registry.h"
#include "models/registry/model_registry.h"
#include "named_model.h"

namespace farfield::python {
namespace {

// A restoration with what its record says of the call.
struct Restoration {
  RestoreRun run;
  RunCall call;
  std::string model_text;  // MODEL, "" for one that was made here
};

// Data are measured, or a measurement is restored: without a measurement there is a truth.
Restoration restore_samples(const NamedModel& model, const std::string& operator_text,
                            const std::optional<torch::Tensor>& truth, const std::optional<torch::Tensor>& measurement,
                            double sigma_y, const std::string& measured_text, const std::string& method,
                            const std::string& solver, std::vector<double> levels, int64_t samples, int64_t seed,
                            std::optional<int64_t> label, int64_t batch, std::optional<double> teleport,
                            const std::optional<Fitted>& gaussian, const PerceptualRequest& perceptual,
                            std::vector<std::string> command) {
  return released([&] {
    const Stopwatch clock;
    RestoreInputs inputs;
    inputs.model = model.denoiser;
    inputs.op = make_operator(operator_text, {model.denoiser->info().sample_shape, perceptual.trust});
    if (truth) inputs.truth = *truth;
    inputs.y = measurement ? *measurement : degrade(*inputs.op, inputs.truth, sigma_y, seed);
    if (gaussian) {
      const auto* one = std::get_if<GaussianStats>(&gaussian->reference.stats);
      inputs.prior = one != nullptr ? to_mixture(*one) : std::get<MixtureStats>(gaussian->reference.stats);
    }
    inputs.model_text = model.text.empty() ? model.denoiser->info().name : model.text;
    inputs.measured_text = measured_text;
    inputs.method = method;
    inputs.solver = solver;
    RestoreOptions options;
    options.sigma_y = sigma_y;
    options.levels = std::move(levels);
    options.samples = samples;
    options.seed = seed;
    options.label = label;
    options.batch = batch;
    options.teleport = teleport;
    options.device = parse_device(model.device);
    options.perceptual = perceptual;
    RestoreRun run = run_restore(std::move(inputs), std::move(options));
    return Restoration{
        std::move(run), {std::move(command), model.device, model.precision, clock.seconds()}, model.text};
  });
}

std::filesystem::path save_restoration(const Restoration& restoration, const std::filesystem::path& out, bool force) {
  return released([&] {
    const RestoreRun& run = restoration.run;
    RunFolder folder({out, "restore", force, named_paths({restoration.model_text, run.inputs.measured_text})});
    RunInfo info(restoration.call.command);
    if (!restoration.model_text.empty()) {
      if (const auto file = model_file(restoration.model_text); !file.empty()) info.add_input("model", file);
    }
    for (const auto& file : operator_files(run.inputs.op->info().name)) info.add_input("operator", file);
    save_restore(run, restoration.call, std::move(info), folder);
    return folder.target();
  });
}

template <class Member>
auto of_run(Member member) {
  return [member](const Restoration& one) { return one.run.*member; };
}

}  // namespace

void add_restoring(py::module_& module) {
  py::class_<Restoration>(module, "Restoration", "What restore() returns.")
      .def_property_readonly("x", of_run(&RestoreRun::x), "[N, samples, ...shape] float64: the restored samples.")
      .def_property_readonly("measurement", [](const Restoration& one) { return one.run.inputs.y; },
                             "[N, ...] float64: what was measured.")
      .def_property_readonly("psnr", of_run(&RestoreRun::psnr), "[N, samples] in dB; None where no truth is known.")
      .def_property_readonly("perceptual", of_run(&RestoreRun::perceptual),
                             "[N, samples]: from the truth, by the network of `features`; None without one.")
      .def_property_readonly("residual", of_run(&RestoreRun::residual), "[N, samples]: |y - A x| / sqrt(m).")
      .def_property_readonly("posterior_mean", of_run(&RestoreRun::posterior_mean),
                             "[N, d]: of the exact posterior; None without a prior in closed form.")
      .def_property_readonly("posterior_deviation", of_run(&RestoreRun::posterior_deviation),
                             "[N, d]: the standard deviation of every number, likewise.")
      .def_property_readonly("method", of_run(&RestoreRun::method), "With every option and the value it has.")
      .def_property_readonly("nfe", of_run(&RestoreRun::nfe), "Evaluations of the model for one sample, counted.")
      .def_property_readonly("products", of_run(&RestoreRun::products), "Its products with the Jacobian, likewise.")
      .def_property_readonly("headline", [](const Restoration& one) { return restore_headline(one.run); },
                             "How near, how well it fits, what it cost.")
      .def_property_readonly("table", [](const Restoration& one) { return columns_of(restore_table(one.run)); },
                             "A dict of numpy columns, those of restored.csv (docs/formats.md).")
      .def("save", &save_restoration, py::arg("out"), py::kw_only(), py::arg("force") = false,
           "Writes the folder that `farfield restore --out` writes and returns it; force: replace a finished one.")
      .def("__repr__",
           [](const Restoration& one) { return "<farfield.Restoration: " + restore_headline(one.run) + ">"; });
  py::class_<PerceptualRequest>(module, "PerceptualRequest")
      .def(py::init<std::string, bool, bool>(), py::arg("features"), py::arg("resize"), py::arg("trust"));
  module.def("restore", &restore_samples);
}

}  // namespace farfield::python

#include <filesystem>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/symmetry/symmetry_output.h"
#include "analysis/symmetry/symmetry_run.h"
#include "analysis/symmetry/symmetry_tables.h"
#include "analysis/theory/theory_output.h"
#include "analysis/theory/theory_tables.h"
#include "bindings.h"
#include "core/data/source.h"
#include "core/device.h"
#include "core/stopwatch.h"
#include "fitted.h"
#include "models/analytic/fit.h"
#include "models/registry/model_registry.h"
#include "named_model.h"

namespace farfield::python {
namespace {

using Texts = std::vector<std::string>;
using Data = std::shared_ptr<const DataSource>;

// The Gaussian that theory and symmetry hold a model against: of data, or fitted, or none.
struct NamedGaussian {
  std::optional<GaussianStats> stats = {};
  std::string text = {};
  std::vector<int64_t> shape = {};
};

NamedGaussian gaussian_of_data(const Data& data) {
  return {measure_gaussian(*data), "gaussian:" + data->info().name, data->info().shape};
}

NamedGaussian gaussian_of_fit(const Fitted& fitted, const std::string& text) {
  return {gaussian_of(fitted), text, fitted.reference.sample_shape};
}

std::string text_of(const std::optional<NamedModel>& model) {
  if (!model) return "";
  return model->text.empty() ? model->denoiser->info().name : model->text;
}

// A result with what its record says of the call.
template <class Run>
struct Recorded {
  Run run;
  RunCall call;
  Texts texts;        // what may name files
  std::string model;  // MODEL; "": none, or one of Python's own
  std::string gaussian;
};

template <class Run, class Save>
std::filesystem::path save_run(const Recorded<Run>& one, const std::string& kind, const std::filesystem::path& out,
                               bool force, Save save) {
  return released([&] {
    RunFolder folder({out, kind, force, named_paths(one.texts)});
    RunInfo info(one.call.command);
    if (!one.model.empty()) {
      if (const auto file = model_file(one.model); !file.empty()) info.add_input("model", file);
    }
    if (std::filesystem::is_regular_file(one.gaussian)) info.add_input("gaussian", one.gaussian);
    save(one.run, one.call, std::move(info), folder);
    return folder.target() / "report.html";
  });
}

using Theorising = Recorded<TheoryRun>;
using Breaking = Recorded<SymmetryRun>;

RunCall call_of(const std::optional<NamedModel>& model, Texts command, double seconds) {
  return {std::move(command), model ? model->device : "auto", model ? model->precision : "auto", seconds};
}

Theorising theory(const std::optional<NamedModel>& model, const NamedGaussian& gaussian, TheoryOptions options,
                  Texts command) {
  return released([&] {
    const Stopwatch clock;
    options.request.device = parse_device(model ? model->device : "cpu");
    TheoryInputs inputs{gaussian.stats, gaussian.text, gaussian.shape, model ? model->denoiser : nullptr,
                        text_of(model)};
    TheoryRun run = run_theory(std::move(inputs), std::move(options));
    const std::string text = model ? model->text : "";
    return Theorising{std::move(run),
                      call_of(model, std::move(command), clock.seconds()),
                      {text, gaussian.text},
                      text,
                      gaussian.text};
  });
}

Breaking symmetry(const std::optional<NamedModel>& model, const NamedGaussian& gaussian, SymmetryOptions options,
                  Texts command) {
  return released([&] {
    const Stopwatch clock;
    options.device = parse_device(model ? model->device : "cpu");
    SymmetryInputs inputs{model ? model->denoiser : nullptr, text_of(model), gaussian.stats, gaussian.text};
    SymmetryRun run = run_symmetry(std::move(inputs), std::move(options));
    const std::string text = model ? model->text : "";
    return Breaking{std::move(run),
                    call_of(model, std::move(command), clock.seconds()),
                    {text, gaussian.text},
                    text,
                    gaussian.text};
  });
}

// A table of a theory as columns.
template <Table (*Of)(const TheoryRun&)>
py::dict theory_table(const Theorising& one) {
  return columns_of(Of(one.run));
}

void add_theory(py::module_& module) {
  py::class_<TheoryOptions>(module, "TheoryOptions")
      .def(py::init<>())
      .def_readwrite("process", &TheoryOptions::process)
      .def_readwrite("space", &TheoryOptions::space)
      .def_readwrite("eigenvalues", &TheoryOptions::eigenvalues)
      .def_readwrite("components", &TheoryOptions::components)
      .def_readwrite("perturb_at", &TheoryOptions::perturb_at)
      .def_readwrite("delta", &TheoryOptions::delta)
      .def_readwrite("perturbed", &TheoryOptions::perturbed)
      .def_readwrite("solver", &TheoryOptions::solver)
      .def_readwrite("request", &TheoryOptions::request);
  py::class_<Theorising>(module, "Theory",
                         "What theory() returns. Tables are dicts of numpy columns (docs/formats.md).")
      .def_property_readonly("headline", [](const Theorising& one) { return theory_headline(one.run); },
                             "The answer in a sentence.")
      .def_property_readonly("summary_json", [](const Theorising& one) { return theory_summary(one.run); },
                             "The text of summary.json.")
      .def_property_readonly("curves", &theory_table<curves_table>, "theory.csv: psi, xi, their slopes, amplification.")
      .def_property_readonly("emergence",
                             [](const Theorising& one) { return columns_of(emergence_table(one.run.emergence)); },
                             "emergence.csv: when each component appears.")
      .def_property_readonly("rotation", &theory_table<rotation_table>, "rotation.csv: the plane of a path's ends.")
      .def_property_readonly("conserved", &theory_table<conserved_table>,
                             "conserved.csv: drift, predictions of the end.")
      .def_property_readonly("prediction", &theory_table<prediction_table>, "prediction.csv: those along components.")
      .def_property_readonly("perturbations", &theory_table<perturbation_table>,
                             "perturbation.csv: responses of the end.")
      .def_property_readonly("noise_map", &theory_table<noise_map_table>,
                             "noise_map.csv: which components make a sample.")
      .def_property_readonly("arrays", [](const Theorising& one) { return theory_npz(one.run); },
                             "{name: tensor}, those of theory.npz: every measure of every trajectory.")
      .def(
          "save",
          [](const Theorising& one, const std::filesystem::path& out, bool force) {
    return save_run(one, "theory", out, force, save_theory);
  }, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield theory --out` writes and returns its report.html; force: replace a finished one.")
      .def("__repr__", [](const Theorising& one) { return "<farfield.Theory: " + theory_headline(one.run) + ">"; });
  module.def("theory", &theory);
}

void add_symmetry(py::module_& module) {
  py::class_<SymmetryOptions>(module, "SymmetryOptions")
      .def(py::init<>())
      .def_readwrite("pair", &SymmetryOptions::pair)
      .def_readwrite("sigma_max", &SymmetryOptions::sigma_max)
      .def_readwrite("sigma_min", &SymmetryOptions::sigma_min)
      .def_readwrite("levels", &SymmetryOptions::levels)
      .def_readwrite("potentials", &SymmetryOptions::potentials)
      .def_readwrite("label", &SymmetryOptions::label);
  py::class_<Breaking>(module, "Symmetry",
                       "What symmetry() returns. Tables are dicts of numpy columns (docs/formats.md).")
      .def_property_readonly("headline", [](const Breaking& one) { return symmetry_headline(one.run); },
                             "The answer in a sentence.")
      .def_property_readonly("summary_json", [](const Breaking& one) { return symmetry_summary(one.run); },
                             "The text of summary.json.")
      .def_property_readonly("critical_sigma",
                             [](const Breaking& one) {
    const auto& critical = one.run.path.critical;
    return critical ? std::optional(critical->sigma) : std::nullopt;
  }, "The level at which the centre loses its stability or ends; None where it does neither.")
      .def_property_readonly("fixed_points",
                             [](const Breaking& one) { return columns_of(fixed_points_table(one.run)); },
                             "fixed_points.csv.")
      .def_property_readonly("potentials", [](const Breaking& one) { return columns_of(potentials_table(one.run)); },
                             "potentials.csv.")
      .def_property_readonly("arrays", [](const Breaking& one) { return symmetry_npz(one.run); },
                             "{name: tensor}, those of symmetry.npz: the fixed points and directions themselves.")
      .def(
          "save",
          [](const Breaking& one, const std::filesystem::path& out, bool force) {
    return save_run(one, "symmetry", out, force, save_symmetry);
  }, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield symmetry --out` writes and returns its report.html; force: replace a finished one.")
      .def("__repr__", [](const Breaking& one) { return "<farfield.Symmetry: " + symmetry_headline(one.run) + ">"; });
  module.def("symmetry", &symmetry);
}

}  // namespace

void add_theorising(py::module_& module) {
  py::class_<NamedGaussian>(module, "NamedGaussian")
      .def(py::init<>())
      .def_static("of_data", [](const Data& data) { return released([&] { return gaussian_of_data(data); }); })
      .def_static("of_fit", &gaussian_of_fit)
      .def_readonly("shape", &NamedGaussian::shape);
  add_theory(module);
  add_symmetry(module);
}

}  // namespace farfield::python

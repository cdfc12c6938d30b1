#include <filesystem>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/few_steps/fit_output.h"
#include "bindings.h"
#include "core/device.h"
#include "core/io/file.h"
#include "core/stopwatch.h"
#include "models/registry/model_registry.h"
#include "named_model.h"
#include "samplers/solvers/table_file.h"
#include "train/solvers/fit_solver.h"

namespace farfield::python {
namespace {

struct FittedSolvers {
  NamedModel model;
  SolverFitRun run;
  RunCall call;
};

FittedSolvers fit_solvers(const NamedModel& model, SolverFitOptions options, std::vector<std::string> command) {
  return released([&] {
    const Stopwatch clock;
    options.device = parse_device(model.device);
    const bool own = model.text.empty();
    const std::string text = own ? model.denoiser->info().name : model.text;
    const RecordedModel subject{*model.denoiser, text, own ? sha256(text) : model_sha256(text),
                                own ? model.precision : precision_of(*model.denoiser, {model.device, model.precision})};
    if (names_model(options.schedule.schedule)) options.schedule.model_sha256 = subject.sha256;
    FittedSolvers fitted{model, run_solver_fit(subject, options, fit_solver), {}};
    fitted.call = {std::move(command), model.device, subject.precision, clock.seconds()};
    return fitted;
  });
}

std::filesystem::path save_fitted(const FittedSolvers& one, const std::filesystem::path& out, bool force) {
  return released([&] {
    RunFolder folder({out, "solver fit", force, named_paths({one.model.text, one.run.options.ends.string()})});
    RunInfo info(one.call.command);
    if (!one.model.text.empty()) {
      if (const auto file = model_file(one.model.text); !file.empty()) info.add_input("model", file);
    }
    save_solver_fit(one.run, one.call, std::move(info), folder);
    return folder.target() / "report.html";
  });
}

void save_table(const FittedSolvers& one, int64_t nfe, const std::filesystem::path& file, bool force) {
  released([&] {
    for (const FitRecord& fit : one.run.fits) {
      if (fit.nfe != nfe) continue;
      require_replaceable_file(file, force, "a solver table", is_table_file, named_paths({one.model.text}));
      write_file_atomically(file, serialize_table(table_file_of(one.run, fit)));
      return;
    }
    throw usage_error("save_table: no table of so many evaluations was fitted; .table[\"nfe\"] lists them");
  });
}

}  // namespace

void add_fitting_solvers(py::module_& module) {
  py::class_<SolverFitOptions>(module, "SolverFitOptions")
      .def(py::init<>())
      .def_readwrite("nfe", &SolverFitOptions::nfe)
      .def_readwrite("seeds", &SolverFitOptions::seeds)
      .def_readwrite("held_out", &SolverFitOptions::held_out)
      .def_readwrite("label", &SolverFitOptions::label)
      .def_readwrite("ends", &SolverFitOptions::ends)
      .def("set_teacher", [](SolverFitOptions& options, const std::string& solver,
                             int64_t steps) { options.teacher = {solver, steps}; })
      .def("set_method",
           [](SolverFitOptions& options, const std::string& method, const std::string& solver, int64_t points,
              bool afs) {
    options.settings.method = method;
    options.settings.solver = solver;
    options.settings.points = points;
    options.settings.afs = afs;
  })
      .def(
          "set_learning",
          [](SolverFitOptions& options, int64_t iterations, int64_t batch, double rate, double direction, double time) {
    options.settings.iterations = iterations;
    options.settings.batch = batch;
    options.settings.rate = rate;
    options.settings.direction = direction;
    options.settings.time = time;
  })
      .def("set_schedule",
           [](SolverFitOptions& options, const std::string& schedule, std::optional<double> sigma_min,
              std::optional<double> sigma_max, std::optional<double> rho, std::optional<std::string> final) {
    options.schedule.schedule = schedule;
    options.schedule.sigma_min = sigma_min;
    options.schedule.sigma_max = sigma_max;
    options.schedule.rho = rho;
    options.schedule.final = std::move(final);
  });
  py::class_<FittedSolvers>(module, "SolverFit", "What fit_solver() returns.")
      .def_property_readonly("headline", [](const FittedSolvers& one) { return fit_headline(one.run); },
                             "What came of it, in a sentence.")
      .def_property_readonly("table", [](const FittedSolvers& one) { return columns_of(fit_table(one.run)); },
                             "A dict of numpy columns, those of fit.csv (docs/formats.md).")
      .def("save_table", &save_table, py::arg("nfe"), py::arg("file"), py::kw_only(), py::arg("force") = false,
           "Writes the table of that many evaluations, which solver=\"table:FILE\" reads; force: replace one.")
      .def("save", &save_fitted, py::arg("out"), py::kw_only(), py::arg("force") = false,
           "Writes the folder that `farfield solver fit --out` writes and returns its report.html; force: replace a\n"
           "finished one.");
  module.def("fit_solver", &fit_solvers);
}

}  // namespace farfield::python

#include <filesystem>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/calibrate/calibration_run.h"
#include "analysis/calibrate/heat_run.h"
#include "bindings.h"
#include "core/device.h"
#include "core/stopwatch.h"
#include "models/registry/model_registry.h"
#include "named_model.h"

namespace farfield::python {
namespace {

// A calibration with what its record says of the call.
struct Calibrating {
  CalibrationRun run;
  RunCall call;
  std::string text;  // MODEL; "": one of Python's own
};

Calibrating calibrate_sizes(const NamedModel& model, std::shared_ptr<const DataSource> data,
                            const std::string& reference, std::vector<int64_t> sizes, const std::string& by,
                            const std::string& solver, SampleRequest request, std::vector<std::string> command) {
  return released([&] {
    const Stopwatch clock;
    request.device = parse_device(model.device);
    const std::string name = model.text.empty() ? model.denoiser->info().name : model.text;
    CalibrationRun run = run_calibrate({model.denoiser, name, std::move(data), reference, solver, std::move(sizes)},
                                       {std::move(request), parse_measure(by)});
    return Calibrating{
        std::move(run), {std::move(command), model.device, model.precision, clock.seconds()}, model.text};
  });
}

std::filesystem::path save_calibrating(const Calibrating& calibrating, const std::filesystem::path& out, bool force) {
  return released([&] {
    RunFolder folder(
        {out, "calibrate", force, named_paths({calibrating.text, calibrating.run.inputs.data->info().name})});
    RunInfo info(calibrating.call.command);
    if (!calibrating.text.empty()) {
      if (const auto file = model_file(calibrating.text); !file.empty()) info.add_input("model", file);
    }
    save_calibrate(calibrating.run, calibrating.call, std::move(info), folder);
    return folder.target() / "report.html";
  });
}

// Heat maps with what their record says of the call.
struct Heating {
  HeatRun run;
  RunCall call;
  std::string text;  // MODEL; "": one of Python's own
};

Heating measure_heat_maps(const NamedModel& model, const std::string& reference, const std::string& solver,
                          SampleRequest request, std::vector<std::string> command) {
  return released([&] {
    const Stopwatch clock;
    request.device = parse_device(model.device);
    const std::string name = model.text.empty() ? model.denoiser->info().name : model.text;
    HeatRun run = run_heat({model.denoiser, name, reference, solver}, std::move(request));
    return Heating{std::move(run), {std::move(command), model.device, model.precision, clock.seconds()}, model.text};
  });
}

std::filesystem::path save_heating(const Heating& heating, const std::filesystem::path& out, bool force) {
  return released([&] {
    RunFolder folder({out, "calibrate", force, named_paths({heating.text})});
    RunInfo info(heating.call.command);
    if (!heating.text.empty()) {
      if (const auto file = model_file(heating.text); !file.empty()) info.add_input("model", file);
    }
    save_heat(heating.run, heating.call, std::move(info), folder);
    return folder.target() / "report.html";
  });
}

void add_heat(py::module_& module) {
  py::class_<Heating>(module, "HeatMaps", "What heat_maps() returns.")
      .def_property_readonly("headline", [](const Heating& one) { return heat_headline(one.run); },
                             "The answer in a sentence.")
      .def_property_readonly("sigmas", [](const Heating& one) { return one.run.result.levels; },
                             "The noise levels, falling: L.")
      .def_property_readonly("heat", [](const Heating& one) { return one.run.result.heat; },
                             "[L, H, W, H, W] float32: how much each output pixel (first) depends on each input pixel.")
      .def_property_readonly("mask_sizes", [](const Heating& one) { return one.run.mask_sizes; },
                             "[L, H, W] int64: how many pixels each pixel's mask has.")
      .def(
          "save", &save_heating, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield calibrate --reference pspc-flex --out` writes, heat.npz in it, and returns its "
          "report.html; force: replace a finished one.")
      .def("__repr__", [](const Heating& one) { return "<farfield.HeatMaps: " + heat_headline(one.run) + ">"; });
  module.def("heat_maps", &measure_heat_maps);
}

}  // namespace

void add_calibrating(py::module_& module) {
  py::class_<Calibrating>(module, "Calibration", "What calibrate() returns.")
      .def_property_readonly("headline", [](const Calibrating& one) { return calibration_headline(one.run); },
                             "The answer in a sentence.")
      .def_property_readonly("sigmas", [](const Calibrating& one) { return one.run.result.levels; },
                             "The noise levels, falling: L.")
      .def_property_readonly("sizes", [](const Calibrating& one) { return one.run.result.sizes; },
                             "The patch sizes to choose from: S.")
      .def_property_readonly("median", [](const Calibrating& one) { return one.run.result.median; },
                             "The size at each level: the lower median over trajectories.")
      .def_property_readonly("mode", [](const Calibrating& one) { return one.run.result.mode; },
                             "The commonest size at each level.")
      .def_property_readonly("cosine", [](const Calibrating& one) { return one.run.result.cosine; },
                             "[n, L, S] float64: of the scores of model and reference.")
      .def_property_readonly("distance", [](const Calibrating& one) { return one.run.result.distance; },
                             "[n, L, S] float64: between the scores.")
      .def_property_readonly("table",
                             [](const Calibrating& one) { return columns_of(calibration_table(one.run.result)); },
                             "A dict of numpy columns, those of calibration.csv (docs/formats.md).")
      .def(
          "save", &save_calibrating, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield calibrate --out` writes, table.yaml in it, and returns its report.html; force: "
          "replace a finished one.")
      .def("__repr__",
           [](const Calibrating& one) { return "<farfield.Calibration: " + calibration_headline(one.run) + ">"; });
  module.def("calibrate", &calibrate_sizes);
  module.def("published_calibration_levels", &published_calibration_levels);
  add_heat(module);
}

}  // namespace farfield::python

#include <filesystem>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>
#include <nlohmann/json.hpp>

#include "analysis/geometry/geometry_run.h"
#include "analysis/geometry/geometry_summary.h"
#include "analysis/geometry/geometry_tables.h"
#include "analysis/geometry/polyline.h"
#include "bindings.h"
#include "core/device.h"
#include "core/io/json.h"
#include "core/stopwatch.h"
#include "models/registry/model_registry.h"
#include "named_model.h"

namespace farfield::python {
namespace {

using OptionalText = std::optional<std::string>;
using OptionalNumber = std::optional<double>;

// Trajectories that were measured, with what their record says of the call.
struct MeasuredGeometry {
  GeometryRun run;
  RunCall call;
};

std::vector<double> documented_levels(const NamedModel& model, const std::string& schedule, std::vector<double> sigmas,
                                      std::optional<int64_t> steps, OptionalNumber sigma_min, OptionalNumber sigma_max,
                                      OptionalNumber rho, OptionalText variant, OptionalText final) {
  const bool search = names_model(schedule) && !model.text.empty();
  return resolve_levels(documented_schedule({schedule, search ? model_sha256(model.text) : "", std::move(sigmas), steps,
                                             sigma_min, sigma_max, rho, std::move(variant), std::move(final)}),
                        model.denoiser->info());
}

MeasuredGeometry measure(const NamedModel& model, std::shared_ptr<const DataSource> data, const std::string& solver,
                         SampleRequest sampling, const std::string& space, bool centred,
                         std::vector<std::string> command) {
  return released([&] {
    const Stopwatch clock;
    sampling.device = parse_device(model.device);
    GeometryRequest request{solver, std::move(sampling), {parse_space(space), centred}};
    MeasuredGeometry result{run_geometry({model.text, model.denoiser, std::move(data)}, std::move(request)), {}};
    result.call = {std::move(command), model.device, model.precision, clock.seconds()};
    return result;
  });
}

std::filesystem::path save_measured(const MeasuredGeometry& one, const std::filesystem::path& out, bool force) {
  return released([&] {
    std::vector<std::string> texts = {one.run.inputs.model_text};
    if (one.run.inputs.data) texts.push_back(one.run.inputs.data->info().name);
    RunFolder folder({out, "geometry", force, named_paths(texts)});
    save_geometry(one.run, one.call, RunInfo(one.call.command), folder);
    return folder.target() / "report.html";
  });
}

const MeasuredPaths* path_of(const MeasuredGeometry& one, const std::string& suffix) {
  for (const MeasuredPaths& path : one.run.paths) {
    if (path.suffix == suffix) return &path;
  }
  return nullptr;
}

// The columns of geometry.csv and the arrays of geometry.npz of a path; None without data.
py::object table_of(const MeasuredGeometry& one, const std::string& suffix) {
  const MeasuredPaths* path = path_of(one, suffix);
  return path == nullptr ? py::none() : py::object(columns_of(geometry_table(one.run, summarise_path(one.run, *path))));
}
py::object arrays_of(const MeasuredGeometry& one, const std::string& suffix) {
  const MeasuredPaths* path = path_of(one, suffix);
  return path == nullptr ? py::none() : py::cast(geometry_arrays(one.run, *path));
}

py::object summary(const MeasuredGeometry& one) {
  const std::string text = dump_json(summary_of(summarise_path(one.run, one.run.paths[0])));
  return py::module_::import("json").attr("loads")(text);
}

py::dict polyline(const py::object& points) {
  const Polyline line = measure_polyline(tensor_of(points, "points"));
  py::dict result;
  result["chord_length"] = line.chord_length;
  result["length"] = line.length;
  result["total_turning"] = line.total_turning;
  result["along_chord"] = line.along_chord;
  result["chord_deviation"] = line.chord_deviation;
  result["arc_length"] = line.arc_length;
  result["turn_angle"] = line.turn_angle;
  result["turn_curvature"] = line.turn_curvature;
  result["menger_curvature"] = line.menger_curvature;
  return result;
}

}  // namespace

void add_geometry(py::module_& module) {
  using One = MeasuredGeometry;
  py::class_<One>(module, "Geometry", "What geometry() returns.")
      .def_property_readonly("headline", [](const One& one) { return geometry_headline(one.run); },
                             "The finding in a sentence.")
      .def_property_readonly("summary", &summary, "A dict, the numbers of the model in summary.json (docs/formats.md).")
      .def_property_readonly("sigmas", [](const One& one) { return one.run.levels; }, "The noise levels, falling.")
      .def_property_readonly("table", [](const One& one) { return table_of(one, ""); },
                             "A dict of numpy columns, those of geometry.csv (docs/formats.md).")
      .def_property_readonly("arrays", [](const One& one) { return arrays_of(one, ""); },
                             "A dict of tensors, those of geometry.npz: every measure of every trajectory.")
      .def_property_readonly("exact_table", [](const One& one) { return table_of(one, "-exact"); },
                             "The table of the exact denoiser; None without data.")
      .def_property_readonly("exact_arrays", [](const One& one) { return arrays_of(one, "-exact"); },
                             "The arrays of the exact denoiser; None without data.")
      .def_property_readonly("gaussian_table", [](const One& one) { return table_of(one, "-gaussian"); },
                             "The table of the data's Gaussian in closed form; None without data.")
      .def_property_readonly("gaussian_arrays", [](const One& one) { return arrays_of(one, "-gaussian"); },
                             "The arrays of the data's Gaussian; None without data.")
      .def("save", &save_measured, py::arg("out"), py::kw_only(), py::arg("force") = false,
           "Writes the folder that `farfield geometry --out` writes and returns its report.html.\n"
           "force: replace a finished one.")
      .def("__repr__", [](const One& one) { return "<farfield.Geometry: " + geometry_headline(one.run) + ">"; });
  module.def("documented_levels", &documented_levels);
  module.def("geometry", &measure);
  module.def("polyline", &polyline);
}

}  // namespace farfield::python

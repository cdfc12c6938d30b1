#include <filesystem>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/jump/jump_report.h"
#include "analysis/jump/jump_run.h"
#include "bindings.h"
#include "core/device.h"
#include "core/stopwatch.h"
#include "models/registry/model_registry.h"
#include "named_model.h"

namespace farfield::python {
namespace {

// Jumps with what their record says of the call.
struct Jumping {
  JumpRun run;
  RunCall call;
  std::string text;  // MODEL; "": one of Python's own
};

Jumping jump(const NamedModel& model, std::shared_ptr<const DataSource> data, const std::string& solver,
             SampleRequest request, const std::string& space, bool slopes, const std::string& features, bool trust,
             std::vector<std::string> command) {
  return released([&] {
    const Stopwatch clock;
    request.device = parse_device(model.device);
    const std::string name = model.text.empty() ? model.denoiser->info().name : model.text;
    JumpRun run = run_jump(
        {model.denoiser, name, solver, slopes},
        {std::move(request), parse_space(space), std::move(data), {features, {trust, parse_device(model.device), {}}}});
    return Jumping{std::move(run), {std::move(command), model.device, model.precision, clock.seconds()}, model.text};
  });
}

std::filesystem::path save_jumping(const Jumping& jumping, const std::filesystem::path& out, bool force) {
  return released([&] {
    std::vector<std::string> texts = {jumping.text};
    if (jumping.run.options.data) texts.push_back(jumping.run.options.data->info().name);
    RunFolder folder({out, "jump", force, named_paths(texts)});
    RunInfo info(jumping.call.command);
    if (!jumping.text.empty()) {
      if (const auto file = model_file(jumping.text); !file.empty()) info.add_input("model", file);
    }
    save_jump(jumping.run, jumping.call, std::move(info), folder);
    return folder.target() / "report.html";
  });
}

}  // namespace

void add_jumping(py::module_& module) {
  py::class_<Jumping>(module, "Jump", "What jump() returns.")
      .def_property_readonly("headline", [](const Jumping& one) { return jump_headline(one.run.result); },
                             "The answer in a sentence.")
      .def_property_readonly("sigmas", [](const Jumping& one) { return one.run.result.levels; },
                             "The noise levels, falling: L.")
      .def_property_readonly("nfe", [](const Jumping& one) { return one.run.result.nfe; },
                             "Evaluations that made the state at each level; its jump takes one more.")
      .def_property_readonly("distance_x", [](const Jumping& one) { return one.run.result.distance_x; },
                             "[n, L] float64: of every state from its trajectory's end.")
      .def_property_readonly("distance_d", [](const Jumping& one) { return one.run.result.distance_d; },
                             "[n, L - 1] float64: of every jump from the trajectory's end.")
      .def_property_readonly("table", [](const Jumping& one) { return columns_of(jump_table(one.run.result)); },
                             "A dict of numpy columns, those of jump.csv (docs/formats.md).")
      .def_property_readonly("slope_table",
                             [](const Jumping& one) -> py::object {
    if (!one.run.slopes) return py::none();
    return columns_of(slope_table(*one.run.slopes));
  }, "With slopes=True a dict of numpy columns, those of slopes.csv; else None.")
      .def(
          "save", &save_jumping, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield jump --out` writes and returns its report.html; force: replace a finished one.")
      .def("__repr__", [](const Jumping& one) { return "<farfield.Jump: " + jump_headline(one.run.result) + ">"; });
  module.def("jump", &jump);
}

}  // namespace farfield::python

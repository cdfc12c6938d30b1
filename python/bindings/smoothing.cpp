#include <filesystem>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/smoothing/smoothing_output.h"
#include "analysis/smoothing/smoothing_table.h"
#include "bindings.h"
#include "core/stopwatch.h"

namespace farfield::python {
namespace {

// The processes with what their record says of the call.
struct Smoothing {
  SmoothingRun run;
  RunCall call;
};

Smoothing smoothing(const SmoothingOptions& options, std::vector<std::string> command) {
  return released([&] {
    const Stopwatch clock;
    SmoothingRun run = run_smoothing(options);
    return Smoothing{std::move(run), {std::move(command), "cpu", "fp64", clock.seconds()}};
  });
}

std::filesystem::path save_smoothing_of(const Smoothing& one, const std::filesystem::path& out, bool force) {
  return released([&] {
    RunFolder folder({out, "smoothing", force, {}});
    save_smoothing(one.run, one.call, RunInfo(one.call.command), folder);
    return folder.target() / "report.html";
  });
}

std::map<std::string, torch::Tensor> snapshots_of(const Smoothing& one) {
  std::map<std::string, torch::Tensor> snapshots;
  for (const SmoothingProcess& process : one.run.processes) snapshots[process.name] = process.snapshots;
  return snapshots;
}

}  // namespace

void add_smoothing(py::module_& module) {
  py::class_<SmoothingOptions>(module, "SmoothingOptions")
      .def(py::init<>())
      .def_readwrite("points", &SmoothingOptions::points)
      .def_readwrite("extent", &SmoothingOptions::extent)
      .def_readwrite("dimension", &SmoothingOptions::dimension)
      .def_readwrite("kappa", &SmoothingOptions::kappa)
      .def_readwrite("t0", &SmoothingOptions::start_time)
      .def_readwrite("step", &SmoothingOptions::step)
      .def_readwrite("starts", &SmoothingOptions::starts)
      .def_readwrite("learned_steps", &SmoothingOptions::learned_steps)
      .def_readwrite("decay_steps", &SmoothingOptions::decay_steps)
      .def_readwrite("hidden", &SmoothingOptions::hidden)
      .def_readwrite("draws", &SmoothingOptions::draws)
      .def_readwrite("clip", &SmoothingOptions::clip)
      .def_readwrite("seed", &SmoothingOptions::seed);
  py::class_<Smoothing>(module, "Smoothing", "What smoothing() returns.")
      .def_property_readonly("headline", [](const Smoothing& one) { return smoothing_headline(one.run); },
                             "The answer in a sentence.")
      .def_property_readonly("times", [](const Smoothing& one) { return one.run.times; }, "Of the snapshots: 3.")
      .def_property_readonly("snapshots", &snapshots_of, "process -> [3, starts, dimension] float64.")
      .def_property_readonly("table", [](const Smoothing& one) { return columns_of(smoothing_table(one.run)); },
                             "A dict of numpy columns, those of processes.csv (docs/formats.md).")
      .def(
          "save", &save_smoothing_of, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield smoothing --out` writes and returns its report.html; force: replace a finished "
          "one.")
      .def("__repr__",
           [](const Smoothing& one) { return "<farfield.Smoothing: " + smoothing_headline(one.run) + ">"; });
  module.def("smoothing", &smoothing);
}

}  // namespace farfield::python

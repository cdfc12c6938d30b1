#include <filesystem>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/compare/class_table.h"
#include "analysis/compare/compare_run.h"
#include "analysis/compare/compare_sigmas.h"
#include "analysis/page/series.h"
#include "bindings.h"
#include "core/device.h"
#include "core/duration.h"
#include "core/stopwatch.h"
#include "models/registry/model_registry.h"
#include "named_references.h"

namespace farfield::python {
namespace {

using Texts = std::vector<std::string>;
using Paths = std::vector<std::filesystem::path>;

// A comparison with what its record says of the call.
struct Comparing {
  CompareRun run;
  RunCall call;
};

Comparing compare_models(const NamedModel& model, std::shared_ptr<const DataSource> data,
                         const std::vector<NamedReference>& references, CompareRunOptions options, Texts command) {
  return released([&] {
    const Stopwatch clock;
    CompareInputs inputs;
    inputs.data = std::move(data);
    inputs.model = subject_of(model);
    inputs.model_text = model.text.empty() ? inputs.model.name : model.text;
    NamedReferences named = open_named(references, inputs.data, model, options.probes.seed);
    inputs.references = std::move(named.references);
    inputs.opened = std::move(named.opened);
    if (!model.text.empty()) inputs.opened.insert(inputs.opened.begin(), model.text);
    options.probes.device = parse_device(model.device);
    if (options.schedule.schedule.starts_with("gits:") && !model.text.empty())
      options.schedule.model_sha256 = model_sha256(model.text);
    Comparing result{run_compare(std::move(inputs), std::move(options)), {}};
    result.call = {std::move(command), model.device, model.precision, clock.seconds()};
    return result;
  });
}

std::filesystem::path save_comparing(const Comparing& comparing, const std::filesystem::path& out, const Paths& with,
                                     bool force) {
  return released([&] {
    const EarlierRuns earlier(with);
    Texts texts = comparing.run.inputs.opened;
    for (const auto& path : with) texts.push_back(path.string());
    if (comparing.run.inputs.data) texts.push_back(comparing.run.inputs.data->info().name);
    RunFolder folder({out, "compare", force, named_paths(texts)});
    save_compare(comparing.run, comparing.call, earlier, RunInfo(comparing.call.command), folder);
    return folder.target() / "report.html";
  });
}

std::string headline_of(const Comparing& one) { return headline(one.run.result, one.run.inputs.model.name); }

py::dict table_of(const Comparing& one) {
  return columns_of(comparison_table(one.run.result.comparison, one.run.result.rows));
}

py::dict trajectory_table_of(const Comparing& one) {
  return columns_of(trajectory_table(one.run.result.trajectories, one.run.result.trajectory_rows));
}

py::object ranking_of(const Comparing& one) {
  const CompareResult& result = one.run.result;
  if (!result.ranking) return py::none();
  return columns_of(ranking_table(result.comparison, *result.ranking));
}

py::dict agreement_table_of(const Comparing& one) {
  return columns_of(agreement_table(one.run.result.trajectories, one.run.result.agreement));
}

py::dict ends_of(const Comparing& one) {
  return columns_of(end_table(one.run.result.trajectories.paths, one.run.result.ends, "mse"));
}

py::dict classes_of_run(const Comparing& one) {
  const Comparison& comparison = one.run.result.comparison;
  return columns_of(class_table(comparison, class_rows(comparison)));
}

}  // namespace

void add_comparing(py::module_& module) {
  py::class_<CompareRunOptions>(module, "CompareOptions")
      .def(py::init<>())
      .def_readwrite("seeds", &CompareRunOptions::seeds)
      .def_readwrite("solver", &CompareRunOptions::solver)
      .def_readwrite("space", &CompareRunOptions::space)
      .def_readwrite("label", &CompareRunOptions::label)
      .def_readwrite("own_classes", &CompareRunOptions::own_classes)
      .def_readwrite("band", &CompareRunOptions::band)
      .def("set_perceptual", [](CompareRunOptions& options, const std::string& features, bool resize,
                                bool trust) { options.perceptual = {features, resize, trust}; })
      .def("set_budget",
           [](CompareRunOptions& options, const std::string& text) { options.budget = parse_duration(text, "budget"); })
      .def("set_schedule",
           [](CompareRunOptions& options, const std::string& schedule, std::optional<int64_t> steps,
              std::optional<double> sigma_min, std::optional<double> sigma_max, std::optional<double> rho,
              std::optional<std::string> variant, std::optional<std::string> final) {
    options.schedule = {schedule, "", {}, steps, sigma_min, sigma_max, rho, std::move(variant), std::move(final)};
  })
      .def("set_probes",
           [](CompareRunOptions& options, std::vector<double> sigmas, int64_t probes, uint64_t seed, int64_t batch) {
    options.probes.sigmas = std::move(sigmas);
    options.probes.probes = probes;
    options.probes.seed = seed;
    options.probes.batch = batch;
  });
  py::class_<Comparing>(module, "Comparison", "What compare() returns.")
      .def_property_readonly("headline", &headline_of, "The answer in a sentence.")
      .def_property_readonly("references", [](const Comparing& one) { return one.run.result.comparison.references; },
                             "Their names in the tables.")
      .def_property_readonly("sigmas", [](const Comparing& one) { return one.run.result.comparison.sigmas; },
                             "The noise levels, rising.")
      .def_property_readonly("table", &table_of, "A dict of numpy columns, those of comparison.csv (docs/formats.md).")
      .def_property_readonly("ranking", &ranking_of,
                             "A dict of numpy columns, those of ranking.csv; None with one reference.")
      .def_property_readonly("agreement_table", &agreement_table_of,
                             "A dict of numpy columns, those of agreement.csv (docs/formats.md).")
      .def_property_readonly("classes", &classes_of_run,
                             "A dict of numpy columns, those of classes.csv; empty unless label is \"all\".")
      .def_property_readonly("ends", &ends_of, "A dict of numpy columns, those of ends.csv (docs/formats.md).")
      .def_property_readonly("trajectory_table", &trajectory_table_of,
                             "A dict of numpy columns, those of trajectory.csv (docs/formats.md).")
      .def(
          "save", &save_comparing, py::arg("out"), py::kw_only(), py::arg("with_runs") = Paths(),
          py::arg("force") = false,
          "Writes the folder that `farfield compare --out` writes and returns its report.html. with_runs: earlier folders\n"
          "of sample, train and fit on the page, as --with; force: replace a finished comparison.")
      .def("__repr__", [](const Comparing& one) { return "<farfield.Comparison: " + headline_of(one) + ">"; });
  module.attr("default_references") = kDefaultReferences;
  module.def("parse_sigmas", &parse_sigmas);
  module.def("split_references", [](const std::string& list) { return split_references(list); });
  module.def("compare", &compare_models);
}

}  // namespace farfield::python

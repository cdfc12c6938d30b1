#include <filesystem>
#include <optional>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/study/ablation_report.h"
#include "analysis/study/gits_run.h"
#include "analysis/study/measure_agreement.h"
#include "analysis/study/study_report.h"
#include "analysis/study/study_run.h"
#include "analysis/study/teleport_sweep.h"
#include "bindings.h"
#include "core/device.h"
#include "core/io/file.h"
#include "fitted.h"
#include "given_samples.h"
#include "models/registry/model_registry.h"
#include "named_model.h"

namespace farfield::python {
namespace {

using Texts = std::vector<std::string>;

// A text stands for its file; one of Python's own is known by its name alone.
RecordedModel recorded(const NamedModel& model) {
  const bool own = model.text.empty();
  const std::string text = own ? model.denoiser->info().name : model.text;
  const std::string precision = own ? model.precision : precision_of(*model.denoiser, {model.device, model.precision});
  return {*model.denoiser, text, own ? sha256(text) : model_sha256(text), precision};
}

std::filesystem::path file_of(const NamedModel& model) {
  return model.text.empty() ? std::filesystem::path() : model_file(model.text);
}

struct Studying {
  NamedModel model;
  StudyResult result;
  std::string gaussian;  // what it was called
  RunCall call;
};

// The data that a measure holds ends against, and their features.
struct GivenMeasure {
  std::string measures, features;
  std::optional<GivenSamples> data;
  bool trust = false;
};

SetMeasureRequest measure_of(const GivenMeasure& given, const std::string& device) {
  SetMeasureRequest request{given.measures, given.features, {}, {given.trust, parse_device(device), {}}};
  if (!given.data) return request;
  const auto samples = samples_given(*given.data);
  const auto* text = std::get_if<std::string>(&samples);
  request.data = text != nullptr ? given_set(*text) : GivenSet(samples);
  return request;
}

Studying study(const NamedModel& model, StudyOptions options, const GivenMeasure& measure, const std::string& gaussian,
               Texts command) {
  return released([&] {
    options.device = parse_device(model.device);
    options.measure = measure_of(measure, model.device);
    const RecordedModel subject = recorded(model);
    return Studying{
        model, run_study(subject, options), gaussian, {std::move(command), model.device, subject.precision}};
  });
}

std::filesystem::path save_studying(const Studying& studying, const std::filesystem::path& out, bool force) {
  return released([&] {
    RunFolder folder({out, "study", force, named_paths({studying.model.text, studying.gaussian})});
    RunInfo info(studying.call.command);
    if (const auto file = file_of(studying.model); !file.empty()) info.add_input("model", file);
    if (std::filesystem::exists(studying.gaussian)) info.add_input("gaussian", studying.gaussian);
    save_study(studying.result, studying.gaussian, studying.call, std::move(info), folder);
    return folder.target() / "report.html";
  });
}

// Their names, in the order of columns.
Texts measures_in(const Studying& studying) {
  Texts names;
  if (studying.result.request.measures == nullptr) return names;
  for (const SetMeasure& measure : studying.result.request.measures->measures()) names.push_back(measure.name);
  return names;
}

py::dict dict_of(const Advice& advice) {
  py::dict best;
  best["solver"] = advice.solver;
  best["schedule"] = advice.schedule;
  best["steps"] = advice.steps;
  best["nfe"] = advice.nfe;
  best["teleport"] = advice.teleport;
  best["rms"] = advice.rms;
  for (const auto& [name, value] : advice.measures) best[py::str(name)] = value;
  return best;
}

// {budget: what came nearest to the reference within it}.
py::dict best_of(const Studying& studying) {
  py::dict best;
  for (const auto& budget : studying.result.advice.budgets) {
    best[py::int_(budget.nfe)] = dict_of(budget.teleported ? *budget.teleported : budget.plain);
  }
  return best;
}

struct Searching {
  NamedModel model;
  SearchOptions options;
  SearchResult result;
  RunCall call;
};

Searching search(const NamedModel& model, SearchOptions options, Texts command) {
  return released([&] {
    options.device = parse_device(model.device);
    SearchResult result = run_search(recorded(model), options);
    return Searching{model, options, std::move(result), {std::move(command), model.device, model.precision}};
  });
}

void save_searching(const Searching& searching, const std::filesystem::path& out, bool force) {
  released([&] {
    require_replaceable_file(out, force, "a result of farfield schedule search", is_search_file,
                             named_paths({searching.model.text}));
    write_file_atomically(out, serialize_gits(searching.result.file));
  });
}

std::filesystem::path report_searching(const Searching& searching, const std::filesystem::path& out, bool force) {
  return released([&] {
    RunFolder folder({out, "schedule search", force, named_paths({searching.model.text})});
    RunInfo info(searching.call.command);
    if (const auto file = file_of(searching.model); !file.empty()) info.add_input("model", file);
    save_search_report(searching.result, searching.options, student_errors(*searching.model.denoiser, searching.result),
                       searching.call, std::move(info), folder);
    return folder.target() / "report.html";
  });
}

py::dict schedules_of(const Searching& searching) {
  py::dict schedules;
  for (const GitsSchedule& one : searching.result.file.schedules) schedules[py::int_(one.nfe)] = one.levels;
  return schedules;
}

// {nfe: indices, a row a seed}
py::dict own_schedules_of(const Searching& searching) {
  py::dict own;
  const auto& per_sample = searching.result.per_sample;
  for (size_t k = 0; k < per_sample.size(); ++k) own[py::int_(searching.result.request.nfe[k])] = per_sample[k];
  return own;
}

struct Ablating {
  NamedModel model;
  AblationOptions options;
  Ablation ablation;
  RunCall call;
};

Ablating ablate(const NamedModel& model, SearchOptions search, const std::string& vary, int64_t repeats,
                int64_t test_seeds, const GivenMeasure& measure, Texts command) {
  return released([&] {
    search.device = parse_device(model.device);
    const AblationOptions options{std::move(search), vary, repeats, test_seeds, measure_of(measure, model.device)};
    Ablation ablation = run_ablation(recorded(model), options);
    return Ablating{model, options, std::move(ablation), {std::move(command), model.device, model.precision}};
  });
}

std::filesystem::path save_ablating(const Ablating& ablating, const std::filesystem::path& out, bool force) {
  return released([&] {
    RunFolder folder({out, "schedule ablate", force, named_paths({ablating.model.text})});
    RunInfo info(ablating.call.command);
    if (const auto file = file_of(ablating.model); !file.empty()) info.add_input("model", file);
    save_ablation(ablating.ablation, ablating.options, recorded(ablating.model), ablating.call, std::move(info),
                  folder);
    return folder.target() / "report.html";
  });
}

void add_study(py::module_& module) {
  py::class_<GivenMeasure>(module, "StudyMeasure")
      .def(py::init<std::string, std::string, std::optional<GivenSamples>, bool>());
  py::class_<StudyOptions>(module, "StudyOptions")
      .def(py::init<>())
      .def_readwrite("solvers", &StudyOptions::solvers)
      .def_readwrite("schedules", &StudyOptions::schedules)
      .def_readwrite("nfe", &StudyOptions::nfe)
      .def_readwrite("seeds", &StudyOptions::seeds)
      .def_readwrite("teleport", &StudyOptions::teleport)
      .def_readwrite("teleport_sweep", &StudyOptions::teleport_sweep)
      .def_readwrite("reference", &StudyOptions::reference)
      .def_readwrite("label", &StudyOptions::label)
      .def_readwrite("batch", &StudyOptions::batch)
      .def("set_gaussian", [](StudyOptions& options, const Fitted& fitted) { options.gaussian = gaussian_of(fitted); });
  py::class_<Studying>(module, "Study", "What study() returns.")
      .def_property_readonly(
          "table", [](const Studying& one) { return columns_of(study_table(one.result.study, one.result.request)); },
          "A dict of numpy columns, those of study.csv (docs/formats.md).")
      .def_property_readonly("skipped",
                             [](const Studying& one) {
    return columns_of(skipped_table(one.result.study.skipped, measures_in(one)));
  }, "A dict of numpy columns, those of teleport_sweep.csv; empty ones without teleport_sweep.")
      .def_property_readonly("agreement",
                             [](const Studying& one) {
    const SetMeasures* measures = one.result.request.measures.get();
    return columns_of(measures == nullptr ? Table{} : measure_agreement_table(one.result.study, measures->measures()));
  }, "A dict of numpy columns, those of agreement.csv; empty without a measure.")
      .def_property_readonly("best", &best_of,
                             "{budget: what came nearest within it}: solver, schedule, steps, nfe, teleport, rms.")
      .def_property_readonly("reference_nfe", [](const Studying& one) { return one.result.study.reference_nfe; },
                             "Evaluations of the reference, of its slowest batch.")
      .def(
          "save", &save_studying, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield study --out` writes and returns its report.html; force: replace a finished\n"
          "study.");
  module.def("study", &study);
}

void add_search(py::module_& module) {
  py::class_<SearchOptions>(module, "SearchOptions")
      .def(py::init<>())
      .def_readwrite("nfe", &SearchOptions::nfe)
      .def_readwrite("metric", &SearchOptions::metric)
      .def_readwrite("teacher", &SearchOptions::teacher)
      .def_readwrite("points", &SearchOptions::points)
      .def_readwrite("warmup", &SearchOptions::warmup)
      .def_readwrite("seeds", &SearchOptions::seeds)
      .def_readwrite("gamma", &SearchOptions::gamma)
      .def_readwrite("gamma_form", &SearchOptions::gamma_form)
      .def_readwrite("per_sample", &SearchOptions::per_sample)
      .def_readwrite("afs", &SearchOptions::afs)
      .def_readwrite("student", &SearchOptions::student)
      .def_readwrite("batch", &SearchOptions::batch)
      .def("set_grid", [](SearchOptions& options, const std::string& schedule, std::optional<double> sigma_min,
                          std::optional<double> sigma_max, std::optional<double> rho) {
    options.grid.schedule = schedule;
    options.grid.sigma_min = sigma_min;
    options.grid.sigma_max = sigma_max;
    options.grid.rho = rho;
  });
  py::class_<Searching>(module, "ScheduleSearch", "What search_schedule() returns.")
      .def_property_readonly("schedules", &schedules_of, "{nfe: the noise levels of that many evaluations}.")
      .def_property_readonly("levels", [](const Searching& one) { return one.result.file.levels; },
                             "The teacher's grid, T levels.")
      .def_property_readonly("costs", [](const Searching& one) { return one.result.search.costs; },
                             "[T, T] float64: of every jump from level i to level j > i, mean over seeds.")
      .def_property_readonly("per_sample", &own_schedules_of,
                             "With per_sample {nfe: [N, nfe + 1] int64}, indices of .levels, a row a seed; else empty.")
      .def_property_readonly("teacher_nfe", [](const Searching& one) { return one.result.search.teacher_nfe; },
                             "Evaluations of the teacher.")
      .def("save", &save_searching, py::arg("file"), py::kw_only(), py::arg("force") = false,
           "Writes the file that schedule=\"gits:FILE\" reads; force: replace one.")
      .def("save_report", &report_searching, py::arg("out"), py::kw_only(), py::arg("force") = false,
           "Writes the folder of `farfield schedule search --report` and returns its report.html.");
  module.def("search_schedule", &search);
}

void add_ablation(py::module_& module) {
  py::class_<Ablating>(module, "ScheduleAblation", "What ablate_schedule() returns.")
      .def_property_readonly("table", [](const Ablating& one) { return columns_of(ablation_errors(one.ablation)); },
                             "A dict of numpy columns, those of ablation.csv (docs/formats.md).")
      .def_property_readonly("seconds", [](const Ablating& one) { return columns_of(ablation_seconds(one.ablation)); },
                             "The same of seconds.csv.")
      .def_property_readonly("rms", [](const Ablating& one) { return one.ablation.rms; },
                             "[values, budgets, repeats] float64: the student's error in every repeat.")
      .def_property_readonly(
          "measures", [](const Ablating& one) { return one.ablation.measures; },
          "[values, budgets, repeats, measures] float64: its ends against data; no columns without a measure.")
      .def(
          "save", &save_ablating, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder of `farfield schedule ablate` and returns its report.html; force: replace a finished one.");
  module.def("ablate_schedule", &ablate);
}

}  // namespace

void add_studying(py::module_& module) {
  add_study(module);
  add_search(module);
  add_ablation(module);
}

}  // namespace farfield::python

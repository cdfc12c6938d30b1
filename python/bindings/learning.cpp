#include <filesystem>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/dynamics/dynamics_output.h"
#include "analysis/dynamics/dynamics_tables.h"
#include "analysis/field/field_output.h"
#include "analysis/sweep/sweep_output.h"
#include "analysis/sweep/sweep_tables.h"
#include "bindings.h"
#include "core/device.h"
#include "core/stopwatch.h"
#include "models/registry/model_registry.h"
#include "named_references.h"

// What a network has learned: sweep(), dynamics(), field().
namespace farfield::python {
namespace {

using Texts = std::vector<std::string>;
using Data = std::shared_ptr<const DataSource>;

// A result with what its record says of the call, and the MODEL texts whose files go on record.
template <class Run>
struct Learned {
  Run run;
  RunCall call;
  Texts models, read;
};
using Sweeping = Learned<SweepRun>;
using Following = Learned<DynamicsRun>;
using Mapping = Learned<FieldRun>;

template <class Run, class Save>
std::filesystem::path save_learned(const Learned<Run>& one, const char* kind, const std::filesystem::path& out,
                                   bool force, Save save) {
  return released([&] {
    Texts texts = one.models;
    texts.insert(texts.end(), one.read.begin(), one.read.end());
    RunFolder folder({out, kind, force, named_paths(texts)});
    RunInfo info(one.call.command);
    for (const std::string& model : one.models) {
      if (const auto file = model_file(model); !file.empty()) info.add_input("model", file);
    }
    save(one.run, one.call, std::move(info), folder);
    return folder.target() / "report.html";
  });
}

Texts learned_text(const NamedModel& model) { return model.text.empty() ? Texts{} : Texts{model.text}; }

Sweeping sweep(const NamedModel& model, Data data, SweepOptions options, Texts command) {
  return released([&] {
    const Stopwatch clock;
    options.device = parse_device(model.device);
    SweepInputs inputs{subject_of(model), data, model.text.empty() ? model.denoiser->info().name : model.text};
    SweepRun run = run_sweep(std::move(inputs), std::move(options));
    return Sweeping{std::move(run),
                    {std::move(command), model.device, model.precision, clock.seconds()},
                    learned_text(model),
                    {data->info().name}};
  });
}

// Snapshots of a run (a text), or models in the order of training.
struct NamedSnapshots {
  std::vector<Snapshot> snapshots;
  std::vector<NamedModel> models;
};

NamedSnapshots named_run(const std::string& run) { return {snapshots_of_run(run), {}}; }

NamedSnapshots named_models(const std::vector<NamedModel>& models, const std::vector<int64_t>& images) {
  Texts texts;
  for (const NamedModel& model : models) texts.push_back(model.text.empty() ? model.denoiser->info().name : model.text);
  NamedSnapshots named{snapshots_of_models(texts), models};
  for (size_t i = 0; i < images.size(); ++i) named.snapshots[i].images = images[i];
  return named;
}

Subject subject_at(const NamedSnapshots& named, size_t place, const ModelOptions& options) {
  if (named.models.empty()) return open_subject(named.snapshots[place].model, options);
  Subject subject = subject_of(named.models[place]);
  subject.name = named.snapshots[place].name;
  return subject;
}

// How models are opened and references evaluated: as the last model, or as one that load() opens without being told.
NamedModel like_last(const NamedSnapshots& named, const std::string& run) {
  return named.models.empty() ? NamedModel{nullptr, run, "cpu", "auto"} : named.models.back();
}

Texts learned_texts(const NamedSnapshots& named) {
  Texts texts;
  for (size_t i = 0; i < named.snapshots.size(); ++i) {
    if (named.models.empty() || !named.models[i].text.empty()) texts.push_back(named.snapshots[i].model);
  }
  return texts;
}

Following dynamics(const NamedSnapshots& named, const std::string& of, Data data,
                   const std::vector<NamedReference>& references, DynamicsOptions options, Texts command) {
  return released([&] {
    const Stopwatch clock;
    const NamedModel like = like_last(named, of);
    options.probes.device = parse_device(like.device);
    DynamicsInputs inputs;
    inputs.snapshots = named.snapshots;
    const ModelOptions how{like.device, like.precision, false, data};
    inputs.open = [&named, how](const Snapshot& snapshot) {
      const auto place = std::ranges::find(named.snapshots, snapshot.name, &Snapshot::name) - named.snapshots.begin();
      return subject_at(named, static_cast<size_t>(place), how);
    };
    NamedReferences opened = open_named(references, data, like, options.probes.seed);
    inputs.references = std::move(opened.references.subjects);
    inputs.data = data;
    inputs.of = of;
    DynamicsRun run = run_dynamics(std::move(inputs), std::move(options));
    run.inputs.open = {};
    Texts read = opened.opened;
    read.push_back(data->info().name);
    return Following{std::move(run),
                     {std::move(command), like.device, like.precision, clock.seconds()},
                     learned_texts(named),
                     std::move(read)};
  });
}

Mapping field(const NamedSnapshots& named, const std::string& of, Data data, Data anchors,
              const std::vector<NamedReference>& references, FieldOptions options, Texts command) {
  return released([&] {
    const Stopwatch clock;
    const NamedModel like = like_last(named, of);
    options.device = parse_device(like.device);
    const ModelOptions how{like.device, like.precision, false, data};
    FieldInputs inputs;
    inputs.data = data;
    inputs.anchors = std::move(anchors);
    inputs.of = of;
    for (size_t i = 0; i < named.snapshots.size(); ++i) {
      const Subject subject = subject_at(named, i, how);
      inputs.rows.push_back({subject.name, [subject] { return subject; }});
    }
    NamedReferences opened = open_named(references, data, like, 0);
    for (const Subject& subject : opened.references.subjects)
      inputs.rows.push_back({subject.name, [subject] { return subject; }});
    Texts read = opened.opened;
    for (const auto& source : {inputs.data, inputs.anchors}) read.push_back(source->info().name);
    FieldRun run = run_field(std::move(inputs), std::move(options));
    run.inputs.rows.clear();
    return Mapping{std::move(run),
                   {std::move(command), like.device, like.precision, clock.seconds()},
                   learned_texts(named),
                   std::move(read)};
  });
}

void add_sweep(py::module_& module) {
  py::class_<SweepOptions>(module, "SweepOptions")
      .def_static("quick", [](const NamedModel& model,
                              const Data& data) { return quick_sweep(data->info(), model.denoiser->info()); })
      .def_static("paper", [](const NamedModel& model,
                              const Data& data) { return paper_sweep(data->info(), model.denoiser->info()); })
      .def_readwrite("components", &SweepOptions::components)
      .def_readwrite("ranks", &SweepOptions::ranks)
      .def_readwrite("sigmas", &SweepOptions::sigmas)
      .def_readwrite("probes", &SweepOptions::probes)
      .def_readwrite("batch", &SweepOptions::batch)
      .def_readwrite("seed", &SweepOptions::seed)
      .def_readwrite("label", &SweepOptions::label);
  py::class_<Sweeping>(module, "Sweep", "What sweep() returns. Tables are dicts of numpy columns (docs/formats.md).")
      .def_property_readonly("headline",
                             [](const Sweeping& one) { return sweep_headline(one.run, summarise_sweep(one.run)); },
                             "The answer in a sentence.")
      .def_property_readonly("sigmas", [](const Sweeping& one) { return one.run.options.sigmas; }, "Rising: S.")
      .def_property_readonly(
          "table", [](const Sweeping& one) { return columns_of(sweep_table(one.run, summarise_sweep(one.run))); },
          "Those of sweep.csv.")
      .def_property_readonly(
          "gain", [](const Sweeping& one) { return columns_of(gain_table(one.run, summarise_sweep(one.run))); },
          "Those of gain.csv.")
      .def_property_readonly("minimal_rank",
                             [](const Sweeping& one) {
    return columns_of(minimal_rank_table(one.run, summarise_sweep(one.run)));
  }, "Those of minimal_rank.csv.")
      .def_property_readonly(
          "equal", [](const Sweeping& one) { return columns_of(equal_pairs_table(one.run, summarise_sweep(one.run))); },
          "Those of equal.csv.")
      .def(
          "save",
          [](const Sweeping& one, const std::filesystem::path& out, bool force) {
    return save_learned(one, "sweep", out, force, save_sweep);
  }, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield sweep --out` writes and returns its report.html; force: replace a finished one.")
      .def("__repr__", [](const Sweeping& one) {
    return "<farfield.Sweep: " + sweep_headline(one.run, summarise_sweep(one.run)) + ">";
  });
  module.def("sweep", &sweep);
}

void add_dynamics(py::module_& module) {
  py::class_<DynamicsOptions>(module, "DynamicsOptions")
      .def(py::init<>())
      .def_readwrite("label", &DynamicsOptions::label)
      .def("set_probes",
           [](DynamicsOptions& options, std::vector<double> sigmas, int64_t probes, uint64_t seed, int64_t batch) {
    options.probes.sigmas = std::move(sigmas);
    options.probes.probes = probes;
    options.probes.seed = seed;
    options.probes.batch = batch;
  });
  py::class_<NamedSnapshots>(module, "NamedSnapshots")
      .def_static("of_run", &named_run)
      .def_static("of_models", &named_models);
  py::class_<Following>(module, "Dynamics",
                        "What dynamics() returns. Tables are dicts of numpy columns (docs/formats.md).")
      .def_property_readonly(
          "headline", [](const Following& one) { return dynamics_headline(one.run, summarise_dynamics(one.run)); },
          "The answer in a sentence.")
      .def_property_readonly("sigmas", [](const Following& one) { return one.run.options.probes.sigmas; }, "Rising: S.")
      .def_property_readonly("images",
                             [](const Following& one) {
    std::vector<int64_t> images;
    for (const Snapshot& snapshot : one.run.inputs.snapshots) images.push_back(snapshot.images);
    return images;
  }, "That every snapshot was trained on.")
      .def_property_readonly("table",
                             [](const Following& one) {
    return columns_of(dynamics_table(one.run, summarise_dynamics(one.run)));
  }, "Those of dynamics.csv.")
      .def_property_readonly("nearest",
                             [](const Following& one) {
    return columns_of(nearest_table(one.run, summarise_dynamics(one.run)));
  }, "Those of nearest.csv.")
      .def(
          "save",
          [](const Following& one, const std::filesystem::path& out, bool force) {
    return save_learned(one, "dynamics", out, force, save_dynamics);
  }, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield dynamics --out` writes and returns its report.html; force: replace a finished one.")
      .def("__repr__", [](const Following& one) {
    return "<farfield.Dynamics: " + dynamics_headline(one.run, summarise_dynamics(one.run)) + ">";
  });
  module.def("dynamics", &dynamics);
}

void add_field(py::module_& module) {
  py::class_<FieldOptions>(module, "FieldOptions")
      .def(py::init<>())
      .def_readwrite("anchors", &FieldOptions::anchors)
      .def_readwrite("sigmas", &FieldOptions::sigmas)
      .def_readwrite("grid", &FieldOptions::grid)
      .def_readwrite("batch", &FieldOptions::batch)
      .def_readwrite("label", &FieldOptions::label);
  py::class_<Mapping>(module, "Field", "What field() returns.")
      .def_property_readonly("headline", [](const Mapping& one) { return field_headline(one.run); },
                             "The answer in a sentence.")
      .def_property_readonly("rows", [](const Mapping& one) { return one.run.names; }, "Models, then references: R.")
      .def_property_readonly("sigmas", [](const Mapping& one) { return one.run.options.sigmas; }, "Rising: S.")
      .def_property_readonly(
          "field", [](const Mapping& one) { return one.run.field; },
          "[R, S, grid, grid, 5] float64: the score along e1, along e2, its norm in the plane, its norm, "
          "its norm out of the plane.")
      .def_property_readonly("log_density", [](const Mapping& one) { return one.run.log_density; },
                             "[R, S, grid, grid] float64; NaN where a row has none.")
      .def_property_readonly("anchors", [](const Mapping& one) { return one.run.plane.anchors; },
                             "[A, 2] float64: their places in the plane.")
      .def_property_readonly("table", [](const Mapping& one) { return columns_of(field_table(one.run)); },
                             "A dict of numpy columns, those of field.csv (docs/formats.md).")
      .def(
          "save",
          [](const Mapping& one, const std::filesystem::path& out, bool force) {
    return save_learned(one, "field", out, force, save_field);
  }, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield field --out` writes and returns its report.html; force: replace a finished one.")
      .def("__repr__", [](const Mapping& one) { return "<farfield.Field: " + field_headline(one.run) + ">"; });
  module.attr("default_field_references") = "gaussian,mixture,components=10,delta";
  module.attr("default_dynamics_references") = "mean,gaussian,mixture,components=10,delta";
  module.def("field", &field);
}

}  // namespace

void add_learning(py::module_& module) {
  add_sweep(module);
  add_dynamics(module);
  add_field(module);
}

}  // namespace farfield::python

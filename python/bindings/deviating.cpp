#include <filesystem>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/deviation/deviation_run.h"
#include "analysis/deviation/deviation_summary.h"
#include "analysis/features/sample_source.h"
#include "analysis/modes/modes_run.h"
#include "analysis/neighbours/neighbours_run.h"
#include "bindings.h"
#include "core/device.h"
#include "core/stopwatch.h"
#include "models/registry/model_registry.h"
#include "named_model.h"

namespace farfield::python {
namespace {

using Texts = std::vector<std::string>;

// Results with what their record says of the call, and the texts that name what it read.
struct Deviating {
  DeviationRun run;
  RunCall call;
  Texts read;
};
struct Neighbouring {
  NeighboursRun run;
  RunCall call;
  Texts read;
};
struct ModeSeeking {
  ModesRun run;
  RunCall call;
  Texts read;
};

Deviating deviate(const NamedModel& model, std::shared_ptr<const DataSource> data,
                  const std::variant<std::string, NamedModel>& optimal, DeviationRequest request, Texts command) {
  return released([&] {
    const Stopwatch clock;
    DeviationInputs inputs;
    inputs.subject.model = model.denoiser;
    inputs.subject.data = std::move(data);
    inputs.model_text = model.text.empty() ? model.denoiser->info().name : model.text;
    if (const auto* text = std::get_if<std::string>(&optimal)) {
      inputs.optimal_text = *text;
      inputs.subject.optimal = open_optimum(
          *text, model.denoiser->info(),
          {model.device, model.text.empty() ? "auto" : model.precision, false, inputs.subject.data});
    } else {
      const auto& named = std::get<NamedModel>(optimal);
      inputs.optimal_text = named.text.empty() ? named.denoiser->info().name : named.text;
      inputs.subject.optimal = named.denoiser;
    }
    request.sampling.device = parse_device(model.device);
    const Texts read = {model.text, inputs.optimal_text, inputs.subject.data->info().name};
    DeviationRun run = run_deviation(std::move(inputs), std::move(request));
    return Deviating{std::move(run), {std::move(command), model.device, model.precision, clock.seconds()}, read};
  });
}

// The folder of a command of this kind, filled by save(info, folder).
template <class Result, class Save>
std::filesystem::path save_page(const Result& result, const char* kind, const std::filesystem::path& out, bool force,
                                const Save& save) {
  return released([&] {
    RunFolder folder({out, kind, force, named_paths(result.read)});
    save(RunInfo(result.call.command), folder);
    return folder.target() / "report.html";
  });
}

Neighbouring find_neighbours(const std::variant<std::string, torch::Tensor>& samples,
                             std::shared_ptr<const DataSource> data, std::optional<int64_t> k,
                             const std::string& features, const std::string& device, bool trust, Texts command) {
  return released([&] {
    const Stopwatch clock;
    NeighboursInputs inputs;
    const auto* text = std::get_if<std::string>(&samples);
    inputs.samples = text != nullptr ? open_samples(*text).all() : std::get<torch::Tensor>(samples);
    inputs.samples_text = text != nullptr ? *text : "an array";
    inputs.data = std::move(data);
    inputs.features = features;
    inputs.feature_options.trust = trust;
    inputs.feature_options.device = parse_device(device);
    inputs.k = k.value_or(std::min<int64_t>(inputs.k, inputs.data->info().count));
    if (inputs.samples.dim() < 2 || inputs.samples.size(0) < 1)
      throw usage_error("samples: expected at least one, [n, ...shape]");
    const Texts read = {text != nullptr ? *text : "", inputs.data->info().name, features};
    return Neighbouring{
        run_neighbours(std::move(inputs)), {std::move(command), "cpu", "float64", clock.seconds()}, read};
  });
}

ModeSeeking seek_modes(std::shared_ptr<const DataSource> data, const std::string& bandwidths,
                       const std::variant<std::monostate, std::string, torch::Tensor>& starts, int64_t max_iterations,
                       int64_t batch, Texts command) {
  return released([&] {
    const Stopwatch clock;
    ModesInputs inputs;
    inputs.data = std::move(data);
    inputs.bandwidths = parse_bandwidths(bandwidths);
    inputs.options = {max_iterations, batch};
    if (const auto* text = std::get_if<std::string>(&starts)) {
      inputs.starts = open_samples(inputs.starts_text = *text).all();
    } else if (const auto* array = std::get_if<torch::Tensor>(&starts)) {
      inputs.starts = *array;
      inputs.starts_text = "an array";
    }
    const Texts read = {inputs.starts_text, inputs.data->info().name};
    return ModeSeeking{run_modes(std::move(inputs)), {std::move(command), "cpu", "float64", clock.seconds()}, read};
  });
}

py::dict tensors_of(const Arrays& arrays) {
  py::dict tensors;
  for (const auto& [name, values] : arrays) tensors[py::str(name)] = values;
  return tensors;
}

std::vector<torch::Tensor> shaped_modes(const ModesRun& run) {
  std::vector<torch::Tensor> all;
  for (const ModeSet& set : run.sets) {
    std::vector<int64_t> shape = run.inputs.data->info().shape;
    shape.insert(shape.begin(), set.modes.size(0));
    all.push_back(set.modes.reshape(shape));
  }
  return all;
}

std::vector<torch::Tensor> basins_of(const ModesRun& run) {
  std::vector<torch::Tensor> all;
  for (const ModeSet& set : run.sets) all.push_back(set.basin);
  return all;
}

void add_deviation_class(py::module_& module) {
  py::class_<DeviationRequest>(module, "DeviationRequest")
      .def(py::init<>())
      .def_readwrite("solver", &DeviationRequest::solver)
      .def_readwrite("sampling", &DeviationRequest::sampling)
      .def_readwrite("k", &DeviationRequest::k)
      .def("set_bandwidth", [](DeviationRequest& request, const std::string& text) {
    request.bandwidth = parse_bandwidth(text);
  }).def("start_from_data", [](DeviationRequest& request) { request.start = DeviationStart::kNoisedData; });
  py::class_<Deviating>(module, "Deviation", "What deviation() returns.")
      .def_property_readonly("headline", [](const Deviating& one) { return deviation_headline(one.run); },
                             "The answer in a sentence.")
      .def_property_readonly("sigmas", [](const Deviating& one) { return one.run.levels; },
                             "The noise levels, falling: L.")
      .def_property_readonly("nfe", [](const Deviating& one) { return one.run.nfe; },
                             "Denoiser calls of one trajectory.")
      .def_property_readonly(
          "measures", [](const Deviating& one) { return tensors_of(one.run.measures); },
          "{name: [n, L] float64} of every trajectory; NaN where there is no value (docs/formats.md).")
      .def_property_readonly("neighbours", [](const Deviating& one) { return tensors_of(one.run.neighbours); },
                             "index, distance of the last D(x), index_star, distance_star of the last D*(x*): [n, k].")
      .def_property_readonly("table",
                             [](const Deviating& one) {
    return columns_of(deviation_table(one.run, summarise_deviation(one.run)));
  }, "A dict of numpy columns, those of deviation.csv (docs/formats.md).")
      .def(
          "save",
          [](const Deviating& one, const std::filesystem::path& out, bool force) {
    return save_page(one, "deviation", out, force, [&](RunInfo info, RunFolder& folder) {
      save_deviation(one.run, one.call, std::move(info), folder);
    });
  }, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield deviation --out` writes and returns its report.html; force: replace a finished one.")
      .def("__repr__",
           [](const Deviating& one) { return "<farfield.Deviation: " + deviation_headline(one.run) + ">"; });
  module.attr("default_optimum") = kDefaultOptimum;
  module.def("deviation", &deviate);
}

}  // namespace

void add_deviating(py::module_& module) {
  add_deviation_class(module);
  py::class_<Neighbouring>(module, "Neighbours", "What neighbours() returns.")
      .def_property_readonly("headline", [](const Neighbouring& one) { return neighbours_headline(one.run); },
                             "The answer in a sentence.")
      .def_property_readonly("index", [](const Neighbouring& one) { return one.run.found.index; },
                             "[n, k] int64 into the data, nearest first.")
      .def_property_readonly("distance", [](const Neighbouring& one) { return one.run.found.distance; },
                             "[n, k] float64.")
      .def_property_readonly("table", [](const Neighbouring& one) { return columns_of(neighbours_table(one.run)); },
                             "A dict of numpy columns, those of neighbours.csv (docs/formats.md).")
      .def(
          "save",
          [](const Neighbouring& one, const std::filesystem::path& out, bool force) {
    return save_page(one, "neighbours", out, force, [&](RunInfo info, RunFolder& folder) {
      save_neighbours(one.run, one.call, std::move(info), folder);
    });
  }, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield neighbours --out` writes and returns its report.html; force: replace a finished one.")
      .def("__repr__",
           [](const Neighbouring& one) { return "<farfield.Neighbours: " + neighbours_headline(one.run) + ">"; });
  module.def("neighbours", &find_neighbours);
  py::class_<ModeSeeking>(module, "Modes", "What modes() returns.")
      .def_property_readonly("headline", [](const ModeSeeking& one) { return modes_headline(one.run); },
                             "The answer in a sentence.")
      .def_property_readonly("bandwidths", [](const ModeSeeking& one) { return one.run.inputs.bandwidths; },
                             "Rising: H.")
      .def_property_readonly("modes", [](const ModeSeeking& one) { return shaped_modes(one.run); },
                             "A list of H tensors [M, ...shape] float64.")
      .def_property_readonly("basin", [](const ModeSeeking& one) { return torch::stack(basins_of(one.run)); },
                             "[H, n] int64: the mode that every start ends at; -1 where it did not settle.")
      .def_property_readonly("table", [](const ModeSeeking& one) { return columns_of(modes_table(one.run)); },
                             "A dict of numpy columns, those of modes.csv (docs/formats.md).")
      .def(
          "save",
          [](const ModeSeeking& one, const std::filesystem::path& out, bool force) {
    return save_page(one, "modes", out, force,
                     [&](RunInfo info, RunFolder& folder) { save_modes(one.run, one.call, std::move(info), folder); });
  }, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield modes --out` writes and returns its report.html; force: replace a finished one.")
      .def("__repr__", [](const ModeSeeking& one) { return "<farfield.Modes: " + modes_headline(one.run) + ">"; });
  module.def("modes", &seek_modes);
}

}  // namespace farfield::python

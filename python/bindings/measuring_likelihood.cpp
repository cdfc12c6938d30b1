#include <filesystem>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/likelihood/likelihood_output.h"
#include "analysis/likelihood/likelihood_tables.h"
#include "bindings.h"
#include "core/device.h"
#include "core/stopwatch.h"
#include "models/registry/model_registry.h"
#include "named_references.h"

namespace farfield::python {
namespace {

using Data = std::shared_ptr<const DataSource>;

// A result with what its record says of the call, the MODEL text whose file goes on record, and the texts of what was read.
struct Likelihood {
  LikelihoodRun run;
  LikelihoodSummary summary;
  RunCall call;
  std::string model;
  std::vector<std::string> read;
};

// What the keywords say of the samples.
struct LikelihoodSamplesAsked {
  int64_t count, batch;
  uint64_t seed;
  std::optional<int64_t> label;
};

Likelihood likelihood(const NamedModel& model, Data data, Data against, const std::vector<NamedReference>& references,
                      const LikelihoodRequest& request, const LikelihoodSamplesAsked& asked,
                      std::vector<std::string> command) {
  return released([&] {
    const Stopwatch clock;
    LikelihoodInputs inputs;
    inputs.model = subject_of(model);
    inputs.model_text = model.text.empty() ? model.denoiser->info().name : model.text;
    inputs.data = data;
    inputs.against = against;
    LikelihoodOptions options = read_likelihood_options(request, *model.denoiser, data->info());
    options.count = asked.count;
    options.batch = asked.batch;
    options.seed = asked.seed;
    options.label = asked.label;
    options.device = parse_device(model.device);
    check_likelihood(inputs, options);
    NamedReferences opened = open_named(references, data, model, asked.seed);
    inputs.references = std::move(opened.references.subjects);
    inputs.moments = std::move(opened.references.gaussian);
    std::vector<std::string> read = opened.opened;
    read.push_back(data->info().name);
    if (against) read.push_back(against->info().name);
    LikelihoodRun run = run_likelihood(std::move(inputs), std::move(options));
    LikelihoodSummary summary = summarise_likelihood(run);
    return Likelihood{std::move(run),
                      std::move(summary),
                      {std::move(command), model.device, model.precision, clock.seconds()},
                      model.text,
                      std::move(read)};
  });
}

std::filesystem::path save_likelihood_result(const Likelihood& one, const std::filesystem::path& out, bool force) {
  return released([&] {
    std::vector<std::string> texts = one.read;
    if (!one.model.empty()) texts.push_back(one.model);
    RunFolder folder({out, "likelihood", force, named_paths(texts)});
    RunInfo info(one.call.command);
    if (const auto file = one.model.empty() ? std::filesystem::path() : model_file(one.model); !file.empty())
      info.add_input("model", file);
    save_likelihood(one.run, one.call, std::move(info), folder);
    return folder.target() / "report.html";
  });
}

// {set: [n]} by the first measure, the prior N(0, sigma_max^2).
py::dict bits_by_set(const Likelihood& one) {
  py::dict bits;
  for (size_t set = 0; set < one.summary.sets.size(); ++set)
    bits[py::str(one.summary.sets[set].name)] = bits_of(one.run, one.summary, set, 0);
  return bits;
}

}  // namespace

void add_likelihood(py::module_& module) {
  py::class_<LikelihoodRequest>(module, "LikelihoodRequest")
      .def(py::init<>())
      .def_readwrite("solver", &LikelihoodRequest::solver)
      .def_readwrite("trace", &LikelihoodRequest::trace)
      .def_readwrite("dequantise", &LikelihoodRequest::dequantise)
      .def_readwrite("sigma_min", &LikelihoodRequest::sigma_min)
      .def_readwrite("sigma_max", &LikelihoodRequest::sigma_max);
  py::class_<LikelihoodSamplesAsked>(module, "LikelihoodSamplesAsked")
      .def(py::init([](int64_t count, int64_t batch, uint64_t seed, std::optional<int64_t> label) {
    return LikelihoodSamplesAsked{count, batch, seed, label};
  }));
  py::class_<Likelihood>(module, "Likelihood",
                         "What likelihood() returns. Tables are dicts of numpy columns (docs/formats.md).")
      .def_property_readonly("headline",
                             [](const Likelihood& one) { return likelihood_headline(one.run, one.summary); },
                             "The answer in a sentence.")
      .def_property_readonly(
          "bits", &bits_by_set,
          "{\"data\": [n], \"against\": [m]} float64: bits per dimension with the prior N(0, sigma_max^2).")
      .def_property_readonly("integral", [](const Likelihood& one) { return one.run.integral; },
                             "[n + m, K] float64, nats: of tr(I - dD/dx) over ln sigma, for every draw.")
      .def_property_readonly("table",
                             [](const Likelihood& one) { return columns_of(likelihood_table(one.run, one.summary)); },
                             "Those of likelihood.csv.")
      .def_property_readonly("summary", [](const Likelihood& one) { return columns_of(summary_table(one.summary)); },
                             "Those of summary.csv.")
      .def_property_readonly("trace",
                             [](const Likelihood& one) { return columns_of(growth_table(one.run, one.summary)); },
                             "Those of trace.csv.")
      .def(
          "save", &save_likelihood_result, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield likelihood --out` writes and returns its report.html; force: replace a finished one.")
      .def("__repr__", [](const Likelihood& one) {
    return "<farfield.Likelihood: " + likelihood_headline(one.run, one.summary) + ">";
  });
  module.attr("default_likelihood_references") = kLikelihoodReferences;
  module.def("likelihood", &likelihood);
}

}  // namespace farfield::python

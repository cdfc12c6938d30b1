#include <filesystem>
#include <map>
#include <optional>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/quality/quality_run.h"
#include "analysis/quality/quality_tables.h"
#include "bindings.h"
#include "core/device.h"
#include "core/error.h"
#include "core/stopwatch.h"
#include "given_samples.h"
#include "models/registry/model_registry.h"

// How samples are distributed beside a reference: quality().
namespace farfield::python {
namespace {

using Texts = std::vector<std::string>;

struct MeasuredQuality {
  QualityRun run;
  RunCall call;
  Texts read;
};

GivenSet set_given(const GivenSamples& samples, Texts& read) {
  add_named(samples, read);
  const auto given = samples_given(samples);
  const auto* text = std::get_if<std::string>(&given);
  return text != nullptr ? given_set(*text) : given;
}

// What the command line refuses before any work.
void check_options(const QualityOptions& options, int64_t batch) {
  const auto least = [](const char* name, int64_t value, int64_t bound) {
    if (value < bound) throw usage_error(std::string(name) + ": expected at least " + std::to_string(bound));
  };
  least("batch", batch, 1);
  least("blocks", options.blocks, 1);
  least("bootstrap", options.bootstrap.value_or(0), 0);
  least("subsets", options.subsets, 1);
  least("subset_size", options.subset_size, 2);
  least("directions", options.directions, 1);
  least("most", options.most, 2);
}

MeasuredQuality quality(const std::vector<GivenSamples>& samples, const GivenSamples& reference,
                        const std::optional<GivenSamples>& held_out, const std::string& features,
                        const std::string& measures, int64_t blocks, std::optional<int64_t> bootstrap, int64_t subsets,
                        int64_t subset_size, int64_t directions, int64_t most, uint64_t seed, int64_t batch,
                        const std::string& device, bool trust, Texts command) {
  return released([&] {
    const Stopwatch clock;
    Texts read = {features};
    const QualityOptions options{
        parse_measures(measures), blocks, bootstrap, subsets, subset_size, directions, most, seed};
    check_options(options, batch);
    GivenSets given{{}, set_given(reference, read), {}};
    for (const GivenSamples& one : samples) given.samples.push_back(set_given(one, read));
    if (held_out) given.held_out = set_given(*held_out, read);
    QualityInputs inputs;
    inputs.given = std::move(given);
    inputs.features = features;
    inputs.feature_options.trust = trust;
    inputs.feature_options.device = parse_device(device);
    inputs.batch = batch;
    inputs.options = options;
    return MeasuredQuality{
        run_quality(std::move(inputs)), {std::move(command), device, "float64", clock.seconds()}, std::move(read)};
  });
}

std::filesystem::path save_measured_quality(const MeasuredQuality& one, const std::filesystem::path& out, bool force) {
  return released([&] {
    RunFolder folder({out, "quality", force, named_paths(one.read)});
    save_quality(one.run, one.call, RunInfo(one.call.command), folder);
    return folder.target() / "report.html";
  });
}

std::map<std::string, double> means_of(const MeasuredQuality& one) {
  std::map<std::string, double> means;
  for (const QualityAcross& across : across_blocks(one.run)) means.emplace(across.measure, across.mean);
  return means;
}

}  // namespace

void add_quality(py::module_& module) {
  py::class_<MeasuredQuality>(module, "Quality", "What quality() returns.")
      .def_property_readonly("headline", [](const MeasuredQuality& one) { return quality_headline(one.run); },
                             "The answer in a sentence.")
      .def_property_readonly("warnings", [](const MeasuredQuality& one) { return one.run.warnings; },
                             "Why a number may mislead, and what was left out.")
      .def_property_readonly("measures", &means_of, "Every measure by name; of several blocks the mean.")
      .def_property_readonly("summary", [](const MeasuredQuality& one) { return quality_summary(one.run); },
                             "summary.json (docs/formats.md).")
      .def_property_readonly("table", [](const MeasuredQuality& one) { return columns_of(quality_table(one.run)); },
                             "A dict of numpy columns, those of quality.csv (docs/formats.md).")
      .def_property_readonly("samples",
                             [](const MeasuredQuality& one) { return columns_of(quality_samples_table(one.run)); },
                             "A dict of numpy columns, those of samples.csv (docs/formats.md).")
      .def(
          "save", &save_measured_quality, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield quality --out` writes and returns its report.html; force: replace a finished one.")
      .def("__repr__",
           [](const MeasuredQuality& one) { return "<farfield.Quality: " + quality_headline(one.run) + ">"; });
  module.def("quality", &quality);
}

}  // namespace farfield::python

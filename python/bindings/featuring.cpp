#include <filesystem>
#include <variant>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/features/features_run.h"
#include "analysis/similarity/similarity_run.h"
#include "bindings.h"
#include "core/data/source.h"
#include "core/device.h"
#include "core/stopwatch.h"
#include "given_samples.h"
#include "models/registry/model_registry.h"

// What samples are to a network: features(), similarity().
namespace farfield::python {
namespace {

using Texts = std::vector<std::string>;

struct Featuring {
  FeaturesRun run;
  FeaturesSummary summary;
  RunCall call;
  Texts read;
};

Featuring finished(FeaturesRun run, const Stopwatch& clock, Texts command, const std::string& device, Texts read) {
  FeaturesSummary summary = summarise_features(run);
  return {
      std::move(run), std::move(summary), {std::move(command), device, "float32", clock.seconds()}, std::move(read)};
}

Featuring features(const GivenSamples& samples, const std::string& asked, std::shared_ptr<const DataSource> reference,
                   int64_t batch, const std::string& device, bool trust, Texts command) {
  return released([&] {
    const Stopwatch clock;
    if (batch < 1) throw usage_error("batch: expected at least 1");
    FeaturesInputs inputs{samples_given(samples), asked, {trust, parse_device(device), std::move(reference)}, batch};
    Texts read = {asked};
    add_named(samples, read);
    return finished(run_features(inputs), clock, std::move(command), device, std::move(read));
  });
}

Featuring merged_features(const Texts& files, Texts command) {
  return released([&] {
    const Stopwatch clock;
    return finished(merge_features(files), clock, std::move(command), "cpu", files);
  });
}

std::filesystem::path save_featuring(const Featuring& one, const std::filesystem::path& out, bool force) {
  return released([&] {
    RunFolder folder({out, "features", force, named_paths(one.read)});
    save_features(one.run, one.call, RunInfo(one.call.command), folder);
    return folder.target() / "report.html";
  });
}

struct SimilarityResult {
  SimilarityRun run;
  RunCall call;
  Texts read;
};

SampleSource source_given(const GivenSamples& samples) {
  const auto given = samples_given(samples);
  const auto* text = std::get_if<std::string>(&given);
  return text != nullptr ? open_samples(*text) : std::get<SampleSource>(given);
}

SimilarityResult similarity(const GivenSamples& a, const GivenSamples& b, const std::string& asked, bool resize,
                            int64_t batch, const std::string& device, bool trust, Texts command) {
  return released([&] {
    const Stopwatch clock;
    if (batch < 1) throw usage_error("batch: expected at least 1");
    SimilarityInputs inputs{source_given(a), source_given(b), asked, resize, trust, parse_device(device), batch};
    Texts read = {asked};
    add_named(a, read);
    add_named(b, read);
    return SimilarityResult{
        run_similarity(std::move(inputs)), {std::move(command), device, "float64", clock.seconds()}, std::move(read)};
  });
}

std::filesystem::path save_similarity_result(const SimilarityResult& one, const std::filesystem::path& out,
                                             bool force) {
  return released([&] {
    RunFolder folder({out, "similarity", force, named_paths(one.read)});
    save_similarity(one.run, one.call, RunInfo(one.call.command), folder);
    return folder.target() / "report.html";
  });
}

void add_similarity(py::module_& module) {
  py::class_<SimilarityResult>(module, "Similarity", "What similarity() returns.")
      .def_property_readonly("headline", [](const SimilarityResult& one) { return similarity_headline(one.run); },
                             "The answer in a sentence.")
      .def_property_readonly("mse", [](const SimilarityResult& one) { return one.run.mse; },
                             "[n] float64, mean squared error of every pair.")
      .def_property_readonly("distance", [](const SimilarityResult& one) { return one.run.distance(); },
                             "[n] float64: perceptual; without a network the mean squared error.")
      .def_property_readonly("maps",
                             [](const SimilarityResult& one) -> std::optional<torch::Tensor> {
    if (!one.run.perceptual()) return std::nullopt;
    return one.run.maps;
  }, "[n, L] float64, the share of every map; None without a network.")
      .def_property_readonly("table", [](const SimilarityResult& one) { return columns_of(similarity_table(one.run)); },
                             "A dict of numpy columns, those of similarity.csv (docs/formats.md).")
      .def(
          "save", &save_similarity_result, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield similarity --out` writes and returns its report.html; force: replace a finished one.")
      .def("__repr__",
           [](const SimilarityResult& one) { return "<farfield.Similarity: " + similarity_headline(one.run) + ">"; });
  module.def("similarity", &similarity);
}

}  // namespace

void add_featuring(py::module_& module) {
  py::class_<Featuring>(module, "Features", "What features() returns.")
      .def_property_readonly("headline", [](const Featuring& one) { return features_headline(one.run, one.summary); },
                             "The answer in a sentence.")
      .def_property_readonly("features",
                             [](const Featuring& one) -> std::optional<torch::Tensor> {
    if (!one.run.featured.has_features()) return std::nullopt;
    return one.run.featured.features;
  }, "[n, d]; None of merged files.")
      .def_property_readonly("mean", [](const Featuring& one) { return one.summary.moments.mean; }, "[d] float64.")
      .def_property_readonly("covariance", [](const Featuring& one) { return one.summary.moments.covariance; },
                             "[d, d] float64, divisor n - 1.")
      .def_property_readonly("count", [](const Featuring& one) { return one.run.featured.count(); },
                             "Samples; 0 where a file does not say.")
      .def_property_readonly("contract", [](const Featuring& one) { return contract_json(one.run.featured.contract); },
                             "How they were made, as JSON.")
      .def_property_readonly("table", [](const Featuring& one) { return columns_of(spectrum_table(one.summary)); },
                             "A dict of numpy columns, those of spectrum.csv (docs/formats.md).")
      .def(
          "save", &save_featuring, py::arg("out"), py::kw_only(), py::arg("force") = false,
          "Writes the folder that `farfield features --out` writes and returns its report.html; force: replace a finished one.")
      .def("__repr__",
           [](const Featuring& one) { return "<farfield.Features: " + features_headline(one.run, one.summary) + ">"; });
  module.def("features", &features);
  module.def("merge_features", &merged_features);
  add_similarity(module);
}

}  // namespace farfield::python

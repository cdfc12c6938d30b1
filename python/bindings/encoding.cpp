#include <filesystem>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "analysis/encoding/encode_run.h"
#include "bindings.h"
#include "core/device.h"
#include "core/stopwatch.h"
#include "fitted.h"
#include "models/registry/model_registry.h"
#include "named_model.h"

namespace farfield::python {
namespace {

// An encoding with what its record says of the call.
struct Encoding {
  EncodeRun run;
  RunCall call;
  std::vector<std::string> opened;  // MODEL texts
};

std::string called(const NamedModel& model) { return model.text.empty() ? model.denoiser->info().name : model.text; }

Encoding encode_data(const NamedModel& model, std::shared_ptr<const DataSource> data, const std::string& solver,
                     std::vector<double> levels, std::optional<int64_t> label, int64_t batch,
                     const std::optional<NamedModel>& against, const std::optional<Fitted>& gaussian,
                     const std::string& gaussian_text, std::vector<std::string> command) {
  return released([&] {
    const Stopwatch clock;
    EncodeInputs inputs;
    inputs.model = model.denoiser;
    inputs.model_text = called(model);
    inputs.data = std::move(data);
    inputs.solver = solver;
    std::vector<std::string> opened = {model.text};
    if (against) {
      inputs.against = against->denoiser;
      inputs.against_text = called(*against);
      opened.push_back(against->text);
    }
    if (gaussian) {
      inputs.gaussian = gaussian_of(*gaussian);
      inputs.gaussian_text = gaussian_text;
    }
    EncodeRun run = run_encode(std::move(inputs), {std::move(levels), label, batch, parse_device(model.device)});
    return Encoding{std::move(run), {std::move(command), model.device, model.precision, clock.seconds()}, opened};
  });
}

std::filesystem::path save_encoding(const Encoding& encoding, const std::filesystem::path& out, bool force) {
  return released([&] {
    std::vector<std::string> texts = encoding.opened;
    texts.push_back(encoding.run.inputs.data->info().name);
    texts.push_back(encoding.run.inputs.gaussian_text);
    RunFolder folder({out, "encode", force, named_paths(texts)});
    RunInfo info(encoding.call.command);
    for (const std::string& text : encoding.opened) {
      if (text.empty()) continue;
      if (const auto file = model_file(text); !file.empty()) info.add_input("model", file);
    }
    save_encode(encoding.run, encoding.call, std::move(info), folder);
    return folder.target();
  });
}

// {"against" or "gaussian": {"name", "latents", "rms", "cosine"}}.
py::dict others_of(const Encoding& encoding) {
  py::dict others;
  for (const OtherEncoding& other : encoding.run.others) {
    py::dict one;
    one["name"] = other.name;
    one["latents"] = other.latents;
    one["rms"] = other.rms;
    one["cosine"] = other.cosine;
    others[py::str(other.role)] = one;
  }
  return others;
}

}  // namespace

void add_encoding(py::module_& module) {
  py::class_<Encoding>(module, "Encoding", "What encode() returns.")
      .def_property_readonly("latents", [](const Encoding& one) { return one.run.latents; },
                             "[N, ...shape] float64: x(sigma_0) / sigma_0, for sample(latents=...).")
      .def_property_readonly("round_trip", [](const Encoding& one) { return one.run.back.x; },
                             "[N, ...shape] float64: what the same solver and levels make of the latents.")
      .def_property_readonly("sigmas", [](const Encoding& one) { return one.run.options.levels; },
                             "The noise levels, falling; the data are taken to be at the last.")
      .def_property_readonly("nfe", [](const Encoding& one) { return one.run.nfe; },
                             "Evaluations of one sample on the way up, counted.")
      .def_property_readonly("rms_error", [](const Encoding& one) { return round_trip_rms(one.run); },
                             "Of the round trip, over all numbers.")
      .def_property_readonly(
          "others", &others_of,
          "{\"against\" or \"gaussian\": {\"name\", \"latents\", \"rms\" and \"cosine\" per sample}}.")
      .def_property_readonly("table", [](const Encoding& one) { return columns_of(encoding_table(one.run)); },
                             "A dict of numpy columns, those of encodings.csv (docs/formats.md).")
      .def("save", &save_encoding, py::arg("out"), py::kw_only(), py::arg("force") = false,
           "Writes the folder that `farfield encode --out` writes and returns it; force: replace a finished one.")
      .def("__repr__", [](const Encoding& one) {
    return "<farfield.Encoding: " + std::to_string(one.run.clean.size(0)) + " latents>";
  });
  module.def("encode", &encode_data);
}

}  // namespace farfield::python

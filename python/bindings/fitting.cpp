#include <filesystem>
#include <optional>
#include <variant>

#include <fmt/format.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "bindings.h"
#include "core/data/source.h"
#include "fitted.h"
#include "models/analytic/fit.h"

namespace farfield::python {
namespace {

using Data = std::shared_ptr<const DataSource>;

// SRC, or an array [N, ...shape]: bytes are images with channels last, [N,H,W,C], everything else float data as it is.
std::shared_ptr<DataSource> data_of(const py::object& source, const py::object& labels) {
  if (py::isinstance<py::str>(source) || py::isinstance<py::bytes>(source)) {
    if (!labels.is_none()) throw usage_error("data: labels belong to arrays; a SRC text has its own");
    const auto text = source.cast<std::string>();
    return made([&] { return std::const_pointer_cast<DataSource>(open_data(text)); });
  }
  const c10::InferenceMode no_inference(false);
  torch::Tensor samples = tensor_of(source, "data").detach();
  if (samples.dim() < 2 || samples.size(0) < 1) {
    throw usage_error(
        fmt::format("data: an array of shape {}, expected [N, ...sample shape]", c10::str(samples.sizes())));
  }
  if (samples.scalar_type() == torch::kUInt8) {
    if (samples.dim() != 4) {
      throw usage_error(fmt::format("data: bytes of shape {}, expected images [N,H,W,C]", c10::str(samples.sizes())));
    }
    samples = samples.permute({0, 3, 1, 2}).contiguous();
  } else {
    if (samples.is_complex()) throw usage_error("data: complex numbers, expected real ones");
    samples = samples.to(torch::kCPU, torch::kFloat32).contiguous();
  }
  torch::Tensor classes;
  int64_t label_dim = 0;
  if (!labels.is_none()) {
    classes = tensor_of(labels, "labels").to(torch::kCPU, torch::kInt64).contiguous();
    label_dim = classes.numel() > 0 ? classes.max().item<int64_t>() + 1 : 0;
  }
  return std::make_shared<DataSource>("array", samples, classes, label_dim);
}

Fitted fitted(std::variant<GaussianStats, MixtureStats> stats, const DataSource& data) {
  Reference reference{std::move(stats), data.info().shape, data.info().name, data.info().fingerprint};
  std::shared_ptr<Denoiser> denoiser = make_denoiser(reference);
  return {std::move(reference), std::move(denoiser)};
}

torch::Tensor rows_of(const DataSource& data, int64_t first, int64_t count) {
  if (first < 0 || count < 0 || first > data.info().count - count) {
    throw usage_error(fmt::format("data: samples {} to {} asked for, there are 0 to {}", first, first + count - 1,
                                  data.info().count - 1));
  }
  return data.rows(first, count);
}

torch::Tensor mean_of(const Fitted& fit) {
  const auto* gaussian = std::get_if<GaussianStats>(&fit.reference.stats);
  return gaussian != nullptr ? gaussian->mean : std::get<MixtureStats>(fit.reference.stats).means;
}

torch::Tensor eigenvalues_of(const Fitted& fit) {
  return std::visit([](const auto& stats) { return stats.eigenvalues; }, fit.reference.stats);
}

void save_fitted(const Fitted& fit, const std::filesystem::path& path) {
  released([&] { write_reference(path, fit.reference); });
}

void add_data(py::module_& module) {
  py::class_<DataSource, std::shared_ptr<DataSource>>(
      module, "Data",
      "A data set held in memory: Data(SRC) or Data(array, labels=None). Arrays of bytes are images [N, H, W, C] with\n"
      "0 ... 255 for -1 ... 1; all others [N, ...] are taken as they are, in float32.")
      .def(py::init(&data_of), py::arg("source"), py::arg("labels") = py::none())
      .def_property_readonly("name", [](const DataSource& data) { return data.info().name; }, "The SRC text, or array.")
      .def_property_readonly("sample_shape",
                             [](const DataSource& data) { return py::tuple(py::cast(data.info().shape)); },
                             "Of one sample: (C, H, W) or (d,).")
      .def_property_readonly("label_dim", [](const DataSource& data) { return data.info().label_dim; },
                             "The number of classes; 0: no labels.")
      .def_property_readonly("fingerprint", [](const DataSource& data) { return data.info().fingerprint; },
                             "SHA-256 over values, labels and shape.")
      .def("__len__", [](const DataSource& data) { return data.info().count; })
      .def("rows", &rows_of, py::arg("first"), py::arg("count"),
           "Samples first ... first + count - 1, [count, ...] float32; images in -1 ... 1.");
}

void add_fitted(py::module_& module) {
  py::class_<Fitted>(
      module, "Fitted",
      "A Gaussian or mixture fitted to data, by fit_gaussian(), fit_mixture() or read_reference(). Everything\n"
      "that takes a model takes it; sample(gaussian=...) teleports by it.")
      .def_readonly("denoiser", &Fitted::denoiser, "Its exact ff.Denoiser.")
      .def_property_readonly("mean", &mean_of, "[d] float64; of a mixture the components' means [K, d].")
      .def_property_readonly("eigenvalues", &eigenvalues_of,
                             "Of the covariance, falling, [r] float64; of a mixture [K, r].")
      .def_property_readonly(
          "is_gaussian", [](const Fitted& fit) { return std::holds_alternative<GaussianStats>(fit.reference.stats); },
          "Not a mixture.")
      .def_property_readonly("source", [](const Fitted& fit) { return fit.reference.source; }, "What it was fitted to.")
      .def("save", &save_fitted, py::arg("path"), "Writes the .safetensors file of `farfield fit`.");
}

}  // namespace

const GaussianStats& gaussian_of(const Fitted& fitted) {
  const auto* gaussian = std::get_if<GaussianStats>(&fitted.reference.stats);
  if (gaussian == nullptr) throw usage_error("gaussian: a mixture was given, expected a fitted Gaussian");
  return *gaussian;
}

void add_fitting(py::module_& module) {
  add_data(module);
  add_fitted(module);
  module.def("read_reference", [](const std::string& path) {
    return made([&] {
      Reference reference = read_reference(path);
      std::shared_ptr<Denoiser> denoiser = make_denoiser(reference);
      return Fitted{std::move(reference), std::move(denoiser)};
    });
  });
  module.def("fit_gaussian", [](const DataSource& data, int64_t rank) {
    return made([&] { return fitted(measure_gaussian(data, rank), data); });
  });
  module.def("fit_mixture", [](const DataSource& data, int64_t components, bool per_class, int64_t rank, double ridge,
                               const std::string& tail, uint64_t seed, int64_t max_iterations) {
    MixtureOptions options{components, per_class, rank, ridge, tail, seed, max_iterations};
    options.validate();
    return made([&] { return fitted(fit_mixture(data, options), data); });
  });
}

}  // namespace farfield::python

#include <optional>
#include <variant>

#include <fmt/format.h>
#include <pybind11/stl.h>

#include "bindings.h"
#include "core/data/source.h"
#include "fitted.h"
#include "models/analytic/fit.h"

namespace farfield::python {
namespace {

using Data = std::shared_ptr<const DataSource>;

// SRC, or an array [N, ...shape]: bytes are images with channels last, [N,H,W,C], everything else float data as it is.
std::shared_ptr<DataSource> data_of(const py::object& source, const py::object& labels) {
  if (py::isinstance<py::str>(source)) {
    if (!labels.is_none()) throw usage_error("data: labels belong to arrays; a SRC text has its own");
    const auto text = source.cast<std::string>();
    return released([&] { return std::const_pointer_cast<DataSource>(open_data(text)); });
  }
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

}  // namespace

void add_fitting(py::module_& module) {
  py::class_<DataSource, std::shared_ptr<DataSource>>(module, "Data")
      .def(py::init(&data_of), py::arg("source"), py::arg("labels") = py::none())
      .def_property_readonly("name", [](const DataSource& data) { return data.info().name; })
      .def_property_readonly("sample_shape",
                             [](const DataSource& data) { return py::tuple(py::cast(data.info().shape)); })
      .def_property_readonly("label_dim", [](const DataSource& data) { return data.info().label_dim; })
      .def_property_readonly("fingerprint", [](const DataSource& data) { return data.info().fingerprint; })
      .def("__len__", [](const DataSource& data) {
    return data.info().count;
  }).def("rows", [](const DataSource& data, int64_t first, int64_t count) { return data.rows(first, count); });

  py::class_<Fitted>(module, "Fitted")
      .def_readonly("denoiser", &Fitted::denoiser)
      .def_property_readonly("mean",
                             [](const Fitted& fit) {
    const auto* gaussian = std::get_if<GaussianStats>(&fit.reference.stats);
    return gaussian != nullptr ? gaussian->mean : std::get<MixtureStats>(fit.reference.stats).means;
  })
      .def_property_readonly("eigenvalues",
                             [](const Fitted& fit) {
    return std::visit([](const auto& stats) { return stats.eigenvalues; }, fit.reference.stats);
  })
      .def_property_readonly("is_gaussian", [](const Fitted& fit) {
    return std::holds_alternative<GaussianStats>(fit.reference.stats);
  }).def_property_readonly("source", [](const Fitted& fit) {
    return fit.reference.source;
  }).def("save", [](const Fitted& fit, const std::string& path) {
    return released([&] { return write_reference(path, fit.reference); });
  });
  module.def("read_reference", [](const std::string& path) {
    Reference reference = read_reference(path);
    std::shared_ptr<Denoiser> denoiser = make_denoiser(reference);
    return Fitted{std::move(reference), std::move(denoiser)};
  });
  module.def("fit_gaussian", [](const DataSource& data, int64_t rank) {
    return released([&] { return fitted(measure_gaussian(data, rank), data); });
  });
  module.def("fit_mixture", [](const DataSource& data, int64_t components, bool per_class, int64_t rank, double ridge,
                               const std::string& tail, uint64_t seed, int64_t max_iterations) {
    MixtureOptions options{components, per_class, rank, ridge, tail, seed, max_iterations};
    options.validate();
    return released([&] { return fitted(fit_mixture(data, options), data); });
  });
}

}  // namespace farfield::python

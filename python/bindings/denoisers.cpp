#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <pybind11/stl.h>

#include "bindings.h"
#include "models/analytic/analytic.h"
#include "models/guidance.h"
#include "models/registry/model_registry.h"

namespace farfield::python {
namespace {

// A Python module or function as a denoiser. Its arguments arrive in `dtype`; its result goes back in x's.
class PythonDenoiser : public Denoiser {
 public:
  PythonDenoiser(py::function function, DenoiserInfo info, torch::ScalarType dtype)
      : function_(new py::function(std::move(function)),
                  [](py::function* held) {
                    const py::gil_scoped_acquire interpreter;
                    delete held;
                  }),
        info_(std::move(info)),
        dtype_(dtype) {}

  const DenoiserInfo& info() const override { return info_; }

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma,
                        const torch::Tensor& labels) const override {
    const py::gil_scoped_acquire interpreter;
    try {
      const py::object result = info_.label_dim > 0
                                    ? (*function_)(x.to(dtype_), sigma.to(dtype_), labels_for(x, labels))
                                    : (*function_)(x.to(dtype_), sigma.to(dtype_));
      if (!THPVariable_Check(result.ptr())) {
        throw usage_error(fmt::format("{}: returned {}, expected a torch.Tensor like x", info_.name,
                                      py::str(py::type::of(result).attr("__name__")).cast<std::string>()));
      }
      return checked(THPVariable_Unpack(result.ptr()), x);
    } catch (py::error_already_set& error) {
      rethrow_python_error(error, info_.name);
    }
  }

  torch::Tensor labels_for(const torch::Tensor& x, const torch::Tensor& labels) const {
    if (labels.defined()) return labels.to(dtype_);
    return torch::zeros({x.size(0), info_.label_dim}, x.options().dtype(dtype_));
  }

  torch::Tensor checked(const torch::Tensor& result, const torch::Tensor& x) const {
    if (result.layout() != torch::kStrided || !result.is_floating_point() || result.sizes() != x.sizes()) {
      throw usage_error(fmt::format("{}: returned {} {} {}, expected dense floating values of x's shape {}", info_.name,
                                    c10::str(result.layout()), c10::toString(result.scalar_type()),
                                    c10::str(result.sizes()), c10::str(x.sizes())));
    }
    return result.to(x.options());
  }

  std::shared_ptr<py::function> function_;
  DenoiserInfo info_;
  torch::ScalarType dtype_;
};

std::shared_ptr<Denoiser> wrap_function(py::function function, const std::string& name,
                                        const std::vector<int64_t>& shape, double sigma_data, double sigma_min,
                                        double sigma_max, int64_t label_dim, torch::ScalarType dtype) {
  if (shape.empty()) throw usage_error("denoiser: shape is that of one sample, such as (3, 32, 32) or (2,)");
  for (const int64_t size : shape) {
    if (size < 1) throw usage_error(fmt::format("denoiser: shape has the size {}, expected sizes of at least 1", size));
  }
  if (!(sigma_data > 0) || !(sigma_min >= 0) || !(sigma_max > sigma_min)) {
    throw usage_error(fmt::format("denoiser: expected sigma_data > 0 and 0 <= sigma_min < sigma_max, got {}, {}, {}",
                                  sigma_data, sigma_min, sigma_max));
  }
  DenoiserInfo info{name, "python", shape, label_dim, sigma_min, sigma_max, sigma_data};
  return std::make_shared<PythonDenoiser>(std::move(function), std::move(info), dtype);
}

torch::Tensor call(const Denoiser& model, const py::object& x, const py::object& sigma, const py::object& labels) {
  const torch::Tensor state = tensor_of(x, "x"), levels = tensor_of(sigma, "sigma");
  const torch::Tensor classes = labels.is_none() ? torch::Tensor() : tensor_of(labels, "labels");
  const torch::IntArrayRef shape = model.info().sample_shape;
  if (!state.is_floating_point() || state.dim() != static_cast<int64_t>(shape.size()) + 1 ||
      state.sizes().slice(1) != shape || state.size(0) == 0) {
    throw usage_error(fmt::format("{}: x is {} {}, expected a batch of floating values of shape [B, {}",
                                  model.info().name, c10::toString(state.scalar_type()), c10::str(state.sizes()),
                                  c10::str(shape).substr(1)));
  }
  return released([&] { return model(state, levels.to(torch::kFloat64), classes); });
}

torch::Tensor log_density(const Denoiser& model, const py::object& x, double sigma) {
  const auto* analytic = dynamic_cast<const AnalyticDenoiser*>(&model);
  if (analytic == nullptr) throw usage_error(model.info().name + ": has no density; analytic denoisers have");
  const torch::Tensor state = tensor_of(x, "x");
  return released([&] { return analytic->log_density(state, sigma); });
}

}  // namespace

void add_denoisers(py::module_& module) {
  py::class_<Denoiser, std::shared_ptr<Denoiser>>(module, "Denoiser")
      .def("__call__", &call, py::arg("x"), py::arg("sigma"), py::arg("labels") = py::none())
      .def("log_density", &log_density, py::arg("x"), py::arg("sigma"))
      .def_property_readonly("name", [](const Denoiser& model) { return model.info().name; })
      .def_property_readonly("sample_shape",
                             [](const Denoiser& model) { return py::tuple(py::cast(model.info().sample_shape)); })
      .def_property_readonly("label_dim", [](const Denoiser& model) { return model.info().label_dim; })
      .def_property_readonly("sigma_min", [](const Denoiser& model) { return model.info().sigma_min; })
      .def_property_readonly("sigma_max", [](const Denoiser& model) { return model.info().sigma_max; })
      .def_property_readonly("sigma_data", [](const Denoiser& model) {
    return model.info().sigma_data;
  }).def("__repr__", [](const Denoiser& model) {
    return fmt::format("<farfield.Denoiser {} {}>", model.info().name,
                       c10::str(torch::IntArrayRef(model.info().sample_shape)));
  });
  module.def("load", [](const std::string& model, const std::string& device, const std::string& precision, bool trust) {
    return std::shared_ptr<Denoiser>(released([&] { return open_model(model, {device, precision, trust}); }));
  });
  module.def("guided", [](std::shared_ptr<Denoiser> model, double weight) {
    return std::shared_ptr<Denoiser>(make_guidance(std::move(model), weight));
  });
  module.def("denoiser", &wrap_function);
}

}  // namespace farfield::python

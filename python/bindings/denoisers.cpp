#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <pybind11/stl.h>

#include "bindings.h"
#include "core/device.h"
#include "models/analytic/analytic.h"
#include "models/guidance.h"
#include "models/registry/model_registry.h"
#include "named_model.h"

namespace farfield::python {
namespace {

// A Python module or function as a denoiser. Its arguments arrive on `device` in `dtype`; its result goes back in x's.
class PythonDenoiser : public Denoiser {
 public:
  PythonDenoiser(py::function function, DenoiserInfo info, torch::Device device, torch::ScalarType dtype)
      : function_(new py::function(std::move(function)),
                  [](py::function* held) {
                    const py::gil_scoped_acquire interpreter;
                    delete held;
                  }),
        info_(std::move(info)),
        device_(device),
        dtype_(dtype) {}

  const DenoiserInfo& info() const override { return info_; }

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma,
                        const torch::Tensor& labels) const override {
    const py::gil_scoped_acquire interpreter;
    try {
      const torch::Tensor given = there(x).view_as(x);  // its requires_grad_() is no business of the solver's x
      const int64_t version = version_of(given);
      const py::object result = info_.label_dim > 0 ? (*function_)(given, there(sigma), labels_for(x, labels))
                                                    : (*function_)(given, there(sigma));
      if (version_of(given) != version) {
        throw usage_error(info_.name + ": changed x in place; expected a new tensor, as of x.clone()");
      }
      if (!THPVariable_Check(result.ptr())) {
        throw usage_error(fmt::format("{}: returned {}, expected a torch.Tensor like x", info_.name,
                                      py::str(py::type::of(result).attr("__name__")).cast<std::string>()));
      }
      return checked(THPVariable_Unpack(result.ptr()), x);
    } catch (py::error_already_set& error) {
      rethrow_python_error(error, info_.name);
    }
  }

  static int64_t version_of(const torch::Tensor& values) { return values.is_inference() ? 0 : values._version(); }

  torch::Tensor there(const torch::Tensor& values) const { return values.to(device_, dtype_); }

  torch::Tensor labels_for(const torch::Tensor& x, const torch::Tensor& labels) const {
    if (labels.defined()) return there(labels);
    return torch::zeros({x.size(0), info_.label_dim}, torch::dtype(dtype_).device(device_));
  }

  torch::Tensor checked(const torch::Tensor& result, const torch::Tensor& x) const {
    if (result.layout() != torch::kStrided || !result.is_floating_point() || result.sizes() != x.sizes()) {
      throw usage_error(fmt::format("{}: returned {} {} {}, expected dense floating values of x's shape {}", info_.name,
                                    c10::str(result.layout()), c10::toString(result.scalar_type()),
                                    c10::str(result.sizes()), c10::str(x.sizes())));
    }
    // A solver keeps it, also while the function fills the same tensor again; its states are float64.
    const bool kept = x.scalar_type() == torch::kFloat64 && !result.requires_grad();
    return result.to(x.options(), /*non_blocking=*/false, /*copy=*/kept);
  }

  std::shared_ptr<py::function> function_;
  DenoiserInfo info_;
  torch::Device device_;
  torch::ScalarType dtype_;
};

std::shared_ptr<Denoiser> wrap_function(py::function function, const std::string& name,
                                        const std::vector<int64_t>& shape, double sigma_data, double sigma_min,
                                        double sigma_max, int64_t label_dim, const std::string& device,
                                        torch::ScalarType dtype) {
  if (shape.empty()) throw usage_error("denoiser: shape is that of one sample, such as (3, 32, 32) or (2,)");
  for (const int64_t size : shape) {
    if (size < 1) throw usage_error(fmt::format("denoiser: shape has the size {}, expected sizes of at least 1", size));
  }
  if (!(sigma_data > 0) || !(sigma_min >= 0) || !(sigma_max > sigma_min)) {
    throw usage_error(fmt::format("denoiser: expected sigma_data > 0 and 0 <= sigma_min < sigma_max, got {}, {}, {}",
                                  sigma_data, sigma_min, sigma_max));
  }
  DenoiserInfo info{.name = name,
                    .kind = "python",
                    .sample_shape = shape,
                    .label_dim = label_dim,
                    .sigma_min = sigma_min,
                    .sigma_max = sigma_max,
                    .sigma_data = sigma_data};
  return std::make_shared<PythonDenoiser>(std::move(function), std::move(info), parse_device(device), dtype);
}

// [B, ...shape] floating.
torch::Tensor state_of(const DenoiserInfo& model, const py::object& x) {
  torch::Tensor state = tensor_of(x, "x");
  const torch::IntArrayRef shape = model.sample_shape;
  if (!state.is_floating_point() || state.dim() != static_cast<int64_t>(shape.size()) + 1 ||
      state.sizes().slice(1) != shape || state.size(0) == 0) {
    throw usage_error(fmt::format("{}: x is {} {}, expected a batch of floating values of shape [B, {}", model.name,
                                  c10::toString(state.scalar_type()), c10::str(state.sizes()),
                                  c10::str(shape).substr(1)));
  }
  return state;
}

// One level for all, or [B].
torch::Tensor levels_of(const DenoiserInfo& model, const py::object& sigma, int64_t batch) {
  torch::Tensor levels = tensor_of(sigma, "sigma");
  const bool fits = levels.numel() == 1 || (levels.dim() == 1 && levels.size(0) == batch);
  if (!fits || levels.is_complex()) {
    throw usage_error(fmt::format("{}: sigma is {} {}, expected one number or [{}]", model.name,
                                  c10::toString(levels.scalar_type()), c10::str(levels.sizes()), batch));
  }
  return levels.to(torch::kFloat64);
}

// A derivative that a denoiser cannot give is an error, not 0.
void refuse_lost_derivatives(const DenoiserInfo& model, const torch::Tensor& x, const torch::Tensor& sigma,
                             const torch::Tensor& result) {
  const bool wanted = at::GradMode::is_enabled() && (x.requires_grad() || sigma.requires_grad());
  if (wanted && !result.requires_grad()) {
    throw usage_error(model.name + ": has no gradient; call it under torch.no_grad(), or with x.detach()");
  }
  if (x._fw_grad(0).defined() && !result._fw_grad(0).defined()) {
    throw usage_error(model.name + ": has no forward derivative; call it with the primal of x");
  }
}

torch::Tensor call(const Denoiser& model, const py::object& x, const py::object& sigma, const py::object& labels) {
  const torch::Tensor state = state_of(model.info(), x), levels = levels_of(model.info(), sigma, state.size(0));
  torch::Tensor classes;
  if (!labels.is_none()) classes = tensor_of(labels, "labels").to(torch::kFloat32);
  torch::Tensor result = released([&] { return model(state, levels, classes); });
  refuse_lost_derivatives(model.info(), state, levels, result);
  return result;
}

std::pair<torch::Tensor, torch::Tensor> vector_jacobian(const Denoiser& model, const py::object& x,
                                                        const py::object& sigma, const py::object& v,
                                                        const py::object& labels) {
  const torch::Tensor state = state_of(model.info(), x), levels = levels_of(model.info(), sigma, state.size(0));
  const torch::Tensor vectors = state_of(model.info(), v);
  if (vectors.sizes() != state.sizes()) {
    throw usage_error(fmt::format("{}: v is {}, expected the shape of x, {}", model.info().name,
                                  c10::str(vectors.sizes()), c10::str(state.sizes())));
  }
  torch::Tensor classes;
  if (!labels.is_none()) classes = tensor_of(labels, "labels").to(torch::kFloat32);
  const auto pulled = released([&] { return model.vector_jacobian(state, levels, vectors, classes); });
  return {pulled.denoised, pulled.product};
}

torch::Tensor log_density(const Denoiser& model, const py::object& x, double sigma) {
  const auto* analytic = dynamic_cast<const AnalyticDenoiser*>(&model);
  if (analytic == nullptr) throw usage_error(model.info().name + ": has no density; analytic denoisers have");
  const torch::Tensor state = tensor_of(x, "x");
  return released([&] { return analytic->log_density(state, sigma); });
}

}  // namespace

void add_denoisers(py::module_& module) {
  const auto info = [](auto field) { return [field](const Denoiser& model) { return model.info().*field; }; };
  py::class_<Denoiser, std::shared_ptr<Denoiser>> denoiser(
      module, "Denoiser", py::dynamic_attr(),
      "D(x; sigma) = E[x0 | x0 + sigma n = x]: what load(), denoiser() and guided() return, and Fitted.denoiser is.\n\n"
      "model(x, sigma, labels=None) takes x [B, *sample_shape], sigma one number or [B], labels [B, label_dim] one-hot.");
  denoiser
      .def("__call__", &call, py::arg("x"), py::arg("sigma"), py::arg("labels") = py::none(),
           "D(x; sigma), like x. A gradient that it does not have is an error where one is wanted, not 0.")
      .def(
          "vector_jacobian", &vector_jacobian, py::arg("x"), py::arg("sigma"), py::arg("v"),
          py::arg("labels") = py::none(),
          "D(x; sigma) and v^T dD/dx, both like x, each sample by its own Jacobian: in closed form for analytic denoisers,\n"
          "by autograd for the others.")
      .def("log_density", &log_density, py::arg("x"), py::arg("sigma"),
           "log p(x; sigma) of the noised data, [B] float64; analytic denoisers only.")
      .def_property_readonly("name", info(&DenoiserInfo::name), "What reports call it.")
      .def_property_readonly("sample_shape",
                             [](const Denoiser& model) { return py::tuple(py::cast(model.info().sample_shape)); },
                             "Of one sample: (C, H, W) or (d,).")
      .def_property_readonly("label_dim", info(&DenoiserInfo::label_dim), "The number of classes; 0: takes no labels.")
      .def_property_readonly("sigma_min", info(&DenoiserInfo::sigma_min), "The lowest noise level it is defined on.")
      .def_property_readonly("sigma_max", info(&DenoiserInfo::sigma_max), "The highest noise level it is defined on.")
      .def_property_readonly("sigma_data", info(&DenoiserInfo::sigma_data), "Standard deviation of its data.")
      .def("__repr__", [](const Denoiser& model) {
    return fmt::format("<farfield.Denoiser {} {}>", model.info().name,
                       c10::str(torch::IntArrayRef(model.info().sample_shape)));
  });
  py::class_<NamedModel>(module, "NamedModel")
      .def(py::init(
          [](std::shared_ptr<Denoiser> denoiser, const std::string& text, const std::string& device,
             const std::string& precision) { return NamedModel{std::move(denoiser), text, device, precision}; }));
  module.def("load", [](const std::string& model, const std::string& device, const std::string& precision, bool trust) {
    return std::shared_ptr<Denoiser>(made([&] { return open_model(model, {device, precision, trust}); }));
  });
  module.def("guided", [](std::shared_ptr<Denoiser> model, double weight) {
    return std::shared_ptr<Denoiser>(make_guidance(std::move(model), weight));
  });
  module.def("denoiser", &wrap_function);
}

}  // namespace farfield::python

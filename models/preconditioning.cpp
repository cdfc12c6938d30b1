#include "models/preconditioning.h"

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

using torch::Tensor;

// Karras et al. 2022, section 5: unit variance of the network's input and target.
class EdmPreconditioning final : public Preconditioning {
 public:
  explicit EdmPreconditioning(double sigma_data) : sigma_data_(sigma_data) {}
  std::string_view name() const override { return "edm"; }
  Scalings scalings(const Tensor& sigma) const override {
    const double data_variance = sigma_data_ * sigma_data_;
    const Tensor total = sigma.square() + data_variance;
    return {data_variance / total, sigma * sigma_data_ / total.sqrt(), total.rsqrt(), sigma.log() / 4};
  }
  double sigma_min() const override { return 0; }
  double sigma_max() const override { return std::numeric_limits<double>::infinity(); }

 private:
  double sigma_data_;
};

// Song et al. 2021, the continuous variance-preserving process, with NVlabs' constants.
class VpPreconditioning final : public Preconditioning {
 public:
  std::string_view name() const override { return "vp"; }
  Scalings scalings(const Tensor& sigma) const override {
    return {torch::ones_like(sigma), -sigma, (sigma.square() + 1).rsqrt(), (kSteps - 1) * time_of(sigma)};
  }
  double sigma_min() const override { return sigma_of(1e-5); }
  double sigma_max() const override { return sigma_of(1); }

 private:
  static constexpr double kBetaD = 19.9, kBetaMin = 0.1, kSteps = 1000;
  static double sigma_of(double t) { return std::sqrt(std::expm1(0.5 * kBetaD * t * t + kBetaMin * t)); }
  static Tensor time_of(const Tensor& sigma) {
    return ((kBetaMin * kBetaMin + 2 * kBetaD * sigma.square().log1p()).sqrt() - kBetaMin) / kBetaD;
  }
};

// Song et al. 2021, the variance-exploding process.
class VePreconditioning final : public Preconditioning {
 public:
  std::string_view name() const override { return "ve"; }
  Scalings scalings(const Tensor& sigma) const override {
    return {torch::ones_like(sigma), sigma, torch::ones_like(sigma), (0.5 * sigma).log()};
  }
  double sigma_min() const override { return 0.02; }
  double sigma_max() const override { return 100; }
};

// Nichol & Dhariwal 2021: a table of M discrete noise levels u_0 > ... > u_{M-1} > u_M = 0.
class IddpmPreconditioning final : public Preconditioning {
 public:
  IddpmPreconditioning() {
    levels_[kSteps] = 0;
    for (int64_t j = kSteps; j > 0; --j) {
      const double ratio = std::max(alpha_bar(j - 1) / alpha_bar(j), kC1);
      levels_[j - 1] = std::sqrt((levels_[j] * levels_[j] + 1) / ratio - 1);
    }
  }
  std::string_view name() const override { return "iddpm"; }
  Scalings scalings(const Tensor& sigma) const override {
    return {torch::ones_like(sigma), -sigma, (sigma.square() + 1).rsqrt(),
            (kSteps - 1) - nearest(sigma).to(torch::kFloat64)};
  }
  double sigma_min() const override { return levels_[kSteps - 1]; }
  double sigma_max() const override { return levels_[0]; }
  Tensor round_sigma(const Tensor& sigma) const override {
    return table(sigma.device()).index_select(0, nearest(sigma));
  }
  bool has_levels() const override { return true; }
  int64_t output_channels_factor() const override { return 2; }
  std::map<std::string, Tensor> tables() const override { return {{"u", table(torch::kCPU).to(torch::kFloat32)}}; }

 private:
  static constexpr int64_t kSteps = 1000;
  static constexpr double kC1 = 0.001, kC2 = 0.008;
  static double alpha_bar(double j) {
    const double s = std::sin(0.5 * std::numbers::pi * j / kSteps / (kC2 + 1));
    return s * s;
  }
  Tensor table(torch::Device device) const {
    return torch::tensor(torch::ArrayRef<double>(levels_.data(), levels_.size()), torch::kFloat64).to(device);
  }
  Tensor nearest(const Tensor& sigma) const {
    return (sigma.unsqueeze(1) - table(sigma.device()).unsqueeze(0)).abs().argmin(1);
  }

  std::array<double, kSteps + 1> levels_;
};

struct Kind {
  const char* name;
  const char* reference_class;  // NVlabs' name, as found in `precond`
  std::unique_ptr<Preconditioning> (*make)(double sigma_data);
};
constexpr Kind kPreconditionings[] = {
    {"edm", "EDMPrecond",
     [](double sigma_data) -> std::unique_ptr<Preconditioning> {
  return std::make_unique<EdmPreconditioning>(sigma_data);
}},
    {"vp", "VPPrecond",
     [](double) -> std::unique_ptr<Preconditioning> { return std::make_unique<VpPreconditioning>(); }},
    {"ve", "VEPrecond",
     [](double) -> std::unique_ptr<Preconditioning> { return std::make_unique<VePreconditioning>(); }},
    {"iddpm", "iDDPMPrecond",
     [](double) -> std::unique_ptr<Preconditioning> { return std::make_unique<IddpmPreconditioning>(); }},
};

}  // namespace

Tensor precondition(const Preconditioning& preconditioning, const RawNetwork& network, const Tensor& x,
                    const Tensor& sigma) {
  const Scalings scalings = preconditioning.scalings(sigma.to(x.device(), torch::kFloat64));
  std::vector<int64_t> per_sample(x.dim(), 1);
  per_sample[0] = x.size(0);
  const auto scale = [&](const Tensor& value) { return value.to(x.scalar_type()).reshape(per_sample); };
  const Tensor output = network(scale(scalings.c_in) * x, scalings.c_noise.to(x.scalar_type()));
  return torch::addcmul(scale(scalings.c_skip) * x, scale(scalings.c_out),
                        output.narrow(1, 0, x.size(1)).to(x.scalar_type()));
}

std::unique_ptr<Preconditioning> make_preconditioning(std::string_view name, double sigma_data) {
  if (!(sigma_data > 0) || !std::isfinite(sigma_data)) {
    throw usage_error("sigma_data must be a positive number, got " + format_double(sigma_data));
  }
  for (const Kind& entry : kPreconditionings) {
    if (name == entry.name || name == entry.reference_class) return entry.make(sigma_data);
  }
  throw usage_error(unknown_name("preconditioning", name, preconditioning_names()));
}

const std::vector<std::string>& preconditioning_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Kind& entry : kPreconditionings) list.emplace_back(entry.name);
    return list;
  }();
  return names;
}

std::function<double(double sigma)> nearest_level_of(std::string_view name) {
  const std::shared_ptr<const Preconditioning> preconditioning = make_preconditioning(name);
  if (!preconditioning->has_levels()) return {};
  return [preconditioning](double sigma) {
    return preconditioning->round_sigma(torch::full({1}, sigma, torch::kFloat64)).item<double>();
  };
}

}  // namespace farfield

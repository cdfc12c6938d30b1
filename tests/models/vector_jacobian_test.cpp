// v^T dD/dx of every kind of denoiser, against finite differences and autograd.
#include <gtest/gtest.h>

#include "core/math/random.h"
#include "models/guidance.h"
#include "models/networks/network_denoiser.h"
#include "tests/models/analytic/analytic_cases.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

// (D(x + h v) - D(x - h v)) / 2 h, the derivative along v, by Richardson's extrapolation of two steps.
Tensor derivative_along(const Denoiser& denoiser, const Tensor& x, double sigma, const Tensor& v, double step) {
  const auto central = [&](double h) { return (denoiser(x + h * v, sigma) - denoiser(x - h * v, sigma)) / (2 * h); };
  return (4 * central(step / 2) - central(step)) / 3;
}

Tensor randn_like(const Tensor& x, uint64_t key) {
  return torch::randn(x.sizes(), keyed_generator({key}), torch::kFloat64);
}

Tensor dots(const Tensor& a, const Tensor& b) { return (a * b).flatten(1).sum(1); }

TEST(VectorJacobian, OfAnalyticDenoisersIsTheDerivativeOfD) {
  for (const auto& analytic : test::analytic_cases()) {
    for (const double sigma : {0.05, 0.3, 1.0, 20.0}) {
      SCOPED_TRACE(analytic.name + " at " + std::to_string(sigma));
      const Tensor x = test::probes(analytic, 9, sigma, 1).reshape({-1, 3, 2, 2});
      const Tensor v = randn_like(x, 2);
      const auto pulled = analytic.denoiser->vector_jacobian(x, sigma, v);
      EXPECT_LE(test::relative_deviation(pulled.denoised, (*analytic.denoiser)(x, sigma)), 1e-14);
      const Tensor expected = derivative_along(*analytic.denoiser, x, sigma, v, 1e-3 * sigma);
      EXPECT_LE((pulled.product - expected).abs().max().item<double>(),
                2e-6 * (1 + expected.abs().max().item<double>()));
    }
  }
}

// The closed form of the trace against d products with unit vectors, states at levels of their own.
TEST(VectorJacobian, TraceOfAnalyticDenoisersIsThatOfTheirProducts) {
  for (const auto& analytic : test::analytic_cases()) {
    SCOPED_TRACE(analytic.name);
    const double lowest = std::max(0.02, analytic.lowest_sigma);
    const Tensor x = test::probes(analytic, 12, lowest, 1).reshape({-1, 3, 2, 2});
    const Tensor sigma = torch::logspace(std::log10(lowest), 1.5, x.size(0), 10, torch::kFloat64);
    const auto traced = analytic.denoiser->with_trace(x, sigma);
    EXPECT_LE(test::deviation(traced.denoised, (*analytic.denoiser)(x, sigma)), 1e-13);
    Tensor expected = torch::zeros({x.size(0)}, torch::kFloat64);
    const Tensor unit = torch::eye(12, torch::kFloat64);
    for (int64_t i = 0; i < 12; ++i) {
      const Tensor v = unit[i].expand({x.size(0), 12}).reshape(x.sizes());
      expected += dots(analytic.denoiser->vector_jacobian(x, sigma, v).product, v);
    }
    EXPECT_LE(test::deviation(traced.trace, expected), 1e-9);
  }
}

// <J v, w> = <v, J w>: the Jacobian of a posterior mean is a covariance.
TEST(VectorJacobian, OfAnalyticDenoisersIsSymmetric) {
  for (const auto& analytic : test::analytic_cases()) {
    SCOPED_TRACE(analytic.name);
    const double sigma = std::max(0.3, analytic.lowest_sigma);
    const Tensor x = test::probes(analytic, 9, sigma, 1).reshape({-1, 3, 2, 2});
    const Tensor v = randn_like(x, 2), w = randn_like(x, 3);
    const Tensor left = dots(analytic.denoiser->jacobian_vector(x, sigma, v).product, w);
    const Tensor right = dots(analytic.denoiser->jacobian_vector(x, sigma, w).product, v);
    EXPECT_LE(test::deviation(left, right), 1e-10);
    EXPECT_GE(dots(analytic.denoiser->jacobian_vector(x, sigma, v).product, v).min().item<double>(), -1e-10);
  }
}

ModelConfig labelled_config() {
  ModelConfig config;
  config.network = NetworkConfig::defaults("SongUNet");
  config.network.model_channels = 16;
  config.network.num_blocks = 1;
  config.network.label_dim = 3;
  config.network.img_resolution = 8;
  config.network.channel_mult = {1, 2};
  config.network.attn_resolutions = {4};
  return config;
}

std::shared_ptr<const Denoiser> small_network() {
  const torch::NoGradGuard no_gradients;
  NativeModel model = make_native_model(labelled_config(), keyed_generator({11}));
  at::Generator generator = keyed_generator({12});
  for (Tensor& parameter : model.network->parameters())
    parameter.add_(torch::randn(parameter.sizes(), generator), 0.05);
  return make_network_denoiser(std::move(model), "small", torch::kCPU, Precision::kFp32);
}

// <v, J w> by the pullback and by differences of D; under no_grad, and a graph is not left behind.
void expect_pullback(const Denoiser& denoiser, const Tensor& labels) {
  const torch::NoGradGuard no_gradients;
  const int64_t channels = denoiser.info().sample_shape[0];
  const Tensor x = torch::randn({3, channels, 8, 8}, keyed_generator({1}), torch::kFloat64);
  const Tensor v = randn_like(x, 2), w = randn_like(x, 3);
  const Tensor sigma = torch::tensor({0.3, 1.0, 5.0}, torch::kFloat64);
  const auto pulled = denoiser.vector_jacobian(x, sigma, v, labels);
  EXPECT_FALSE(pulled.product.requires_grad() || pulled.denoised.requires_grad());
  EXPECT_FALSE(at::GradMode::is_enabled());
  EXPECT_LE(test::deviation(pulled.denoised, denoiser(x, sigma, labels)), 1e-5);
  const auto central = [&](double h) {
    return (denoiser(x + h * w, sigma, labels) - denoiser(x - h * w, sigma, labels)) / (2 * h);
  };
  const Tensor along = (4 * central(1e-2) - central(2e-2)) / 3;
  EXPECT_LE(test::deviation(dots(pulled.product, w), dots(v, along)), 2e-3);
}

TEST(VectorJacobian, OfANetworkIsByAutograd) {
  const auto network = small_network();
  const Tensor labels = torch::eye(3);
  expect_pullback(*network, labels);
  expect_pullback(*make_guidance(network, 2.5), labels);
}

// A sample's product does not depend on who stands beside it.
TEST(VectorJacobian, EachSampleHasItsOwn) {
  const auto network = small_network();
  const Tensor x = torch::randn({3, 3, 8, 8}, keyed_generator({1}), torch::kFloat64), v = randn_like(x, 2);
  const auto all = network->vector_jacobian(x, 1.0, v);
  const auto one = network->vector_jacobian(x.narrow(0, 1, 1), 1.0, v.narrow(0, 1, 1));
  EXPECT_LE(test::deviation(all.product.narrow(0, 1, 1), one.product), 1e-5);
}

class NoGradient final : public Denoiser {
 public:
  const DenoiserInfo& info() const override { return info_; }

 private:
  Tensor denoise(const Tensor& x, const Tensor&, const Tensor&) const override { return x.detach().clone(); }
  DenoiserInfo info_{.name = "no gradient", .sample_shape = {2}};
};

TEST(VectorJacobian, WithoutAGradientIsAUsageError) {
  const Tensor x = torch::zeros({1, 2});
  const auto error = test::error_of([&] { NoGradient().vector_jacobian(x, 1.0, x); });
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(error->what()).find("no gradient: has no gradient"), std::string::npos) << error->what();
  test::error_of([&] { NoGradient().vector_jacobian(x, 1.0, torch::zeros({2, 2})); });
}

}  // namespace
}  // namespace farfield

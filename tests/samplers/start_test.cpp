#include "samplers/start.h"

#include "samplers/gaussian_flow.h"
#include "samplers/integrate.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/toy_denoisers.h"

namespace farfield {
namespace {

// Three dimensions, two of them in the basis, variance 0.04 outside it.
GaussianStats tailed_gaussian() {
  const auto basis = std::get<0>(at::linalg_qr(torch::tensor({{1.0, 0.3}, {0.5, -1.0}, {-0.2, 0.7}}, torch::kFloat64)));
  return {.mean = torch::tensor({0.3, -0.1, 0.5}, torch::kFloat64),
          .basis = basis,
          .eigenvalues = torch::tensor({0.9, 0.0}, torch::kFloat64),
          .tail = 0.04};
}

TEST(GaussianFlow, solves_the_ode_of_its_own_denoiser) {
  const test::ThreadCount one(1);
  const auto stats = tailed_gaussian();
  const auto eye = torch::eye(3, torch::kFloat64), projector = stats.basis.matmul(stats.basis.t());
  const auto covariance = stats.basis.matmul(torch::diag(stats.eigenvalues)).matmul(stats.basis.t()) +
                          stats.tail * (eye - projector);
  const auto denoise = [&](const torch::Tensor& x, double sigma) {
    const auto gain = covariance.matmul(at::linalg_inv(covariance + sigma * sigma * eye));
    return stats.mean + (x - stats.mean).matmul(gain.t());
  };
  const auto x = torch::tensor({{50.0, -20.0, 7.0}, {1.0, 90.0, -60.0}}, torch::kFloat64);
  for (const double to : {20.0, 1.0, 0.05}) {
    const auto closed = gaussian_flow(stats, x, 80, to);
    EXPECT_LE(test::deviation(closed, test::reference_flow(denoise, x, 80, to, 1500)), 1e-9) << to;
    EXPECT_LE(test::deviation(gaussian_flow_denoised(stats, x, 80, to), denoise(closed, to)), 1e-12) << to;
  }
  EXPECT_LE(test::deviation(gaussian_flow(stats, x, 80, 80), x), 1e-14);
  const auto halfway = gaussian_flow(stats, x, 80, 3);
  EXPECT_LE(test::deviation(gaussian_flow(stats, halfway, 3, 0), gaussian_flow(stats, x, 80, 0)), 1e-13);
  EXPECT_LE(test::deviation(gaussian_flow(stats, halfway, 3, 80), x), 1e-12) << "and back";
  EXPECT_TRUE(gaussian_flow_denoised(stats, x, 80, 0).isfinite().all().item<bool>());
}

TEST(GaussianFlow, keeps_shape_and_dtype_and_refuses_another_size) {
  const auto stats = tailed_gaussian();
  const auto x = torch::ones({2, 3, 1, 1}, torch::kFloat32);
  const auto moved = gaussian_flow(stats, x, 80, 1);
  EXPECT_EQ(moved.sizes(), x.sizes());
  EXPECT_EQ(moved.scalar_type(), torch::kFloat32);
  const auto error = test::error_of([&] { gaussian_flow(stats, torch::ones({2, 4}), 80, 1); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(error->what()).find("3 dimensions"), std::string::npos) << error->what();
  EXPECT_NE(std::string(error->what()).find("[2, 4]"), std::string::npos) << error->what();
}

TEST(Teleport, keeps_the_tail_of_the_schedule) {
  const std::vector<double> levels = {80, 10.123456789, 1, 0};
  EXPECT_EQ(levels_from(levels, 80), levels);
  EXPECT_EQ(levels_from(levels, 10.123456789), (std::vector<double>{10.123456789, 1, 0}));
  EXPECT_EQ(levels_from(levels, 10.12346), (std::vector<double>{10.123456789, 1, 0})) << "typed with fewer digits";
  EXPECT_EQ(levels_from(levels, 5), (std::vector<double>{5, 1, 0}));
  EXPECT_EQ(levels_from(levels, 0.5), (std::vector<double>{0.5, 0}));
  for (const double outside : {81.0, 0.0, -1.0, std::nan("")}) {
    const auto error = test::error_of([&] { levels_from(levels, outside); });
    ASSERT_TRUE(error) << outside;
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find("at most 80 and above 0"), std::string::npos) << error->what();
  }
  EXPECT_TRUE(test::error_of([] { levels_from({80, 1, 0.002}, 0.002); }));
}

// One coordinate of mean 0.3 and variance 0.25 from x = 56 at sigma = 80, by hand.
TEST(Teleport, known_numbers) {
  const GaussianStats stats{.mean = torch::full({1}, 0.3, torch::kFloat64),
                            .basis = torch::ones({1, 1}, torch::kFloat64),
                            .eigenvalues = torch::full({1}, 0.25, torch::kFloat64)};
  const auto levels = noise_levels({});
  const auto latents = torch::full({1, 1}, 0.7, torch::kFloat64);
  const auto start = teleported_start(latents, levels, {levels[6], stats});
  EXPECT_NEAR(start.levels.front(), 8.400935309, 1e-9);
  EXPECT_NEAR(start.x.item<double>(), 6.1593873204, 1e-10);
  const auto result = integrate(*make_solver("heun"), test::toy_gaussian(), start.x, start.levels);
  EXPECT_NEAR(result.x.item<double>(), 0.6672917533, 1e-10);
  EXPECT_EQ(result.nfe, 23);
  EXPECT_NEAR(gaussian_flow(stats, latents * 80, 80, 0.002).item<double>(), 0.6481209858, 1e-10);
  EXPECT_NEAR(gaussian_flow(stats, latents * 80, 80, 0).item<double>(), 0.6481182009, 1e-10);
}

TEST(Start, from_noise_is_sigma_times_the_latents) {
  const auto latents = torch::ones({2, 3}, torch::kFloat64);
  const auto start = start_from_noise(latents, {80, 1, 0});
  EXPECT_TRUE(torch::equal(start.x, latents * 80));
  EXPECT_EQ(start.levels, (std::vector<double>{80, 1, 0}));
}

}  // namespace
}  // namespace farfield

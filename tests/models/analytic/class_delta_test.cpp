#include "models/analytic/class_delta.h"

#include "models/analytic/analytic.h"
#include "models/analytic/data_posterior.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

// Every row is that of its class's points alone; without a label that of all.
TEST(ClassDelta, EveryRowIsTheExactDenoiserOfItsClass) {
  const Tensor points = test::normals({30, 2, 3}, 1);
  Tensor classes = torch::arange(30, torch::kInt64) % 3;
  classes[0] = 3;
  const auto denoiser = make_class_delta(points, classes, 5, {2, 3});
  EXPECT_EQ(denoiser->info().label_dim, 5);
  const auto& weights = dynamic_cast<const DataPosterior&>(*denoiser);
  Tensor labels = torch::zeros({4, 5});
  labels[0][2] = labels[2][1] = labels[3][3] = 1;  // row 1: none
  for (const double sigma : {0.05, 0.7, 20.0}) {
    const Tensor x = sigma * test::normals({4, 2, 3}, 2);
    const Tensor denoised = (*denoiser)(x, sigma, labels);
    const Posterior posterior = weights.posterior(x, sigma, labels);
    EXPECT_TRUE(torch::equal(posterior.mean, denoised));
    EXPECT_TRUE(torch::allclose(weights.density(x, sigma, labels), posterior.log_density, 1e-13, 1e-13));
    for (const auto& [row, one] : {std::pair<int64_t, int64_t>{0, 2}, {1, -1}, {2, 1}, {3, 3}}) {
      const Tensor mine = one < 0 ? points : points.index({classes == one});
      const auto alone = make_delta(mine, {2, 3});
      EXPECT_LE(test::deviation(denoised[row], (*alone)(x.narrow(0, row, 1), sigma)[0]), 1e-12) << row;
      EXPECT_LE(test::deviation(posterior.log_density[row], alone->log_density(x.narrow(0, row, 1), sigma)[0]), 1e-12);
    }
    EXPECT_LE(test::deviation((*denoiser)(x, sigma)[1], denoised[1]), 1e-12);
  }
  labels[0] = torch::tensor({0.F, 0.F, 0.F, 0.F, 1.F});
  const auto error = test::error_of([&] { (*denoiser)(torch::zeros({4, 2, 3}), 1.0, labels); });
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(error->what()).find("class 4"), std::string::npos) << error->what();
}

}  // namespace
}  // namespace farfield

#include "models/preconditioning.h"

#include <cmath>

#include "core/math/random.h"
#include "models/networks/dropout.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

// Numbers computed apart from this code, from Karras et al. 2022, table 1, and the reference's constants.
TEST(Preconditioning, CoefficientsAreTheTables) {
  struct Row {
    const char* name;
    double sigma, c_skip, c_out, c_in, c_noise;
  };
  const Row rows[] = {
      {"edm", 0.5, 0.5, 0.35355339059327379, 1.4142135623730951, -0.17328679513998632},
      {"edm", 80, 3.906097418069607e-05, 0.49999023466109294, 0.012499755866527323, 1.0955066586684703},
      {"vp", 1, 1, -1, 0.70710678118654752, 258.7013021703638},
      {"ve", 4, 1, 4, 1, 0.69314718055994531},
      {"iddpm", 1, 1, -1, 0.70710678118654752, 495},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const auto preconditioning = make_preconditioning(row.name);
    const Scalings s = preconditioning->scalings(torch::tensor({row.sigma}, torch::kFloat64));
    EXPECT_NEAR(s.c_skip.item<double>(), row.c_skip, 1e-12);
    EXPECT_NEAR(s.c_out.item<double>(), row.c_out, 1e-12);
    EXPECT_NEAR(s.c_in.item<double>(), row.c_in, 1e-12);
    EXPECT_NEAR(s.c_noise.item<double>(), row.c_noise, 1e-10);
  }
}

TEST(Preconditioning, RangesAreTheReferences) {
  EXPECT_NEAR(make_preconditioning("vp")->sigma_max(), 152.167, 1e-3);
  EXPECT_NEAR(make_preconditioning("vp")->sigma_min(), 0.0010005, 1e-7);
  EXPECT_EQ(make_preconditioning("VEPrecond")->sigma_min(), 0.02);
  EXPECT_EQ(make_preconditioning("ve")->sigma_max(), 100);
  EXPECT_EQ(make_preconditioning("EDMPrecond")->sigma_min(), 0);
  const auto iddpm = make_preconditioning("iDDPMPrecond");
  EXPECT_EQ(iddpm->output_channels_factor(), 2);
  EXPECT_LT(iddpm->sigma_min(), 0.01);
  EXPECT_GT(iddpm->sigma_max(), 10000);
}

// VP: c_noise = 999 t with sigma(t) as given; iDDPM: every level of the table is its own nearest.
TEST(Preconditioning, NoiseLabelsInvertTheNoiseLevels) {
  const Tensor t = torch::linspace(1e-5, 1, 50, torch::kFloat64);
  const Tensor sigma = (0.5 * 19.9 * t.square() + 0.1 * t).expm1().sqrt();
  const Tensor labels = make_preconditioning("vp")->scalings(sigma).c_noise;
  EXPECT_LE(test::deviation(labels, 999 * t), 1e-9);
  const auto iddpm = make_preconditioning("iddpm");
  const Tensor table = iddpm->tables().at("u").to(torch::kFloat64).narrow(0, 0, 1000);
  EXPECT_TRUE(torch::equal(iddpm->scalings(table).c_noise, 999 - torch::arange(1000, torch::kFloat64)));
  EXPECT_LE(test::relative_deviation(iddpm->round_sigma(table * 1.0001), table), 1e-6);
}

TEST(Preconditioning, UnknownNamesAndBadValuesAreErrors) {
  EXPECT_EQ(test::error_of([] { make_preconditioning("edmm"); })->code(), ExitCode::kUsage);
  EXPECT_EQ(test::error_of([] { make_preconditioning("edm", 0); })->code(), ExitCode::kUsage);
}

TEST(Dropout, MasksAreAFunctionOfTheKey) {
  const Tensor x = torch::ones({64, 64});
  const Tensor global = torch::rand({4});
  const Tensor positions = torch::arange(64);
  DropoutStream a(1, positions), b(1, positions), c(2, positions);
  const Tensor first = a.drop(x, 0.25);
  EXPECT_TRUE(torch::equal(first, b.drop(x, 0.25)));
  EXPECT_FALSE(torch::equal(first, c.drop(x, 0.25)));
  EXPECT_FALSE(torch::equal(first, a.drop(x, 0.25)));  // the next layer has a mask of its own
  EXPECT_NEAR((first == 0).to(torch::kFloat64).mean().item<double>(), 0.25, 0.03);
  EXPECT_TRUE(((first == 0) | (first == 1 / 0.75f)).all().item<bool>());
  EXPECT_TRUE(torch::equal(a.drop(x, 0), x));
  const Tensor rows = a.drop_rows(torch::ones({64, 3}), 0.5);
  EXPECT_TRUE(((rows.sum(1) == 0) | (rows.sum(1) == 3)).all().item<bool>());
}

TEST(Dropout, MaskOfASampleDoesNotDependOnItsBatch) {
  const Tensor x = torch::ones({6, 4, 5, 5}), positions = torch::arange(100, 106);
  DropoutStream whole(1, positions);
  const Tensor first = whole.drop(x, 0.5), second = whole.drop(x, 0.5);
  for (const auto& rows : {torch::tensor({0, 2, 4}), torch::tensor({5}), torch::tensor({3, 1})}) {
    DropoutStream part(1, positions.index_select(0, rows));
    EXPECT_TRUE(torch::equal(part.drop(x.index_select(0, rows), 0.5), first.index_select(0, rows)));
    EXPECT_TRUE(torch::equal(part.drop(x.index_select(0, rows), 0.5), second.index_select(0, rows)));
  }
  EXPECT_FALSE(torch::equal(first[0], first[1]));
}

// Values of the reference's table: u_8 = 80.20, u_{M-1} = 0.006425.
TEST(Preconditioning, OnlyIddpmHasLevelsOfItsOwn) {
  for (const auto& name : {"edm", "vp", "ve"}) EXPECT_FALSE(nearest_level_of(name)) << name;
  const auto nearest = nearest_level_of("iddpm");
  EXPECT_NEAR(nearest(80), 80.20, 0.005);
  EXPECT_NEAR(nearest(0.007), 0.006425, 5e-7);
  EXPECT_EQ(nearest(nearest(3)), nearest(3));
}

}  // namespace
}  // namespace farfield

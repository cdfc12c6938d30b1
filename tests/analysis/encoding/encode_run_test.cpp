#include "analysis/encoding/encode_run.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "models/analytic/analytic.h"
#include "samplers/schedules/noise_levels.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

GaussianStats centred(std::vector<double> eigenvalues) {
  const auto d = static_cast<int64_t>(eigenvalues.size());
  return {torch::zeros({d}, torch::kFloat64), torch::eye(d, torch::kFloat64),
          torch::tensor(eigenvalues, torch::kFloat64), 0, 10};
}

EncodeInputs encode_inputs(const std::vector<double>& eigenvalues) {
  EncodeInputs inputs;
  inputs.model = make_gaussian(centred(eigenvalues), {2});
  inputs.data = open_data("moons,count=12");
  inputs.model_text = "a";
  return inputs;
}

EncodeOptions encode_options(int64_t steps) {
  EncodeOptions options;
  options.levels = noise_levels({.steps = steps, .final = "sigma_min"});
  return options;
}

const OtherEncoding& other_of(const EncodeRun& run, const std::string& role) {
  for (const OtherEncoding& other : run.others) {
    if (other.role == role) return other;
  }
  throw std::runtime_error("no " + role);
}

TEST(Encodings, OfOneModelAreTheSame) {
  EncodeInputs inputs = encode_inputs({1, 0.2});
  inputs.against = inputs.model;
  const EncodeRun run = run_encode(inputs, encode_options(12));
  const OtherEncoding& other = other_of(run, "against");
  EXPECT_EQ(other.rms.abs().max().item<double>(), 0);
  EXPECT_LE((other.cosine - 1).abs().max().item<double>(), 1e-15);
  EXPECT_TRUE(torch::equal(other.latents, run.latents));
}

// Component k of the latents is that of the data times sqrt((s_T^2 + l) / (s_m^2 + l)) / s_T: so is the quotient of two.
TEST(Encodings, OfTwoGaussiansDifferByTheirFactors) {
  const std::vector<double> l = {1, 0.2}, other_l = {0.5, 0.05};
  EncodeInputs inputs = encode_inputs(l);
  inputs.against = make_gaussian(centred(other_l), {2});
  inputs.gaussian = centred(other_l);
  inputs.solver = "rk4";
  const EncodeOptions options = encode_options(100);
  const EncodeRun run = run_encode(inputs, options);
  const double top = options.levels.front(), low = options.levels.back();
  const auto factor = [&](double lambda) { return std::sqrt((top * top + lambda) / (low * low + lambda)); };
  for (int64_t k = 0; k < 2; ++k) {
    const double expected = factor(l[k]) / factor(other_l[k]);
    for (const auto& [role, tolerance] : {std::pair{"against", 1e-5}, {"gaussian", 1e-5}}) {
      const torch::Tensor quotient = run.latents.select(1, k) / other_of(run, role).latents.select(1, k);
      EXPECT_LE((quotient / expected - 1).abs().max().item<double>(), tolerance) << role << " " << k;
    }
    const torch::Tensor exact = run.clean.select(1, k) * factor(other_l[k]) / top;
    EXPECT_LE(test::relative_deviation(other_of(run, "gaussian").latents.select(1, k), exact), 1e-12);
  }
}

TEST(Encodings, AreComparedSampleBySample) {
  EncodeInputs inputs = encode_inputs({1, 0.2});
  inputs.gaussian = centred({0.5, 0.5});
  const EncodeRun run = run_encode(inputs, encode_options(20));
  const OtherEncoding& other = other_of(run, "gaussian");
  ASSERT_EQ(other.rms.sizes(), torch::IntArrayRef({12}));
  const torch::Tensor difference = run.latents - other.latents;
  for (int64_t i = 0; i < 12; ++i) {
    EXPECT_NEAR(other.rms[i].item<double>(), std::sqrt(difference[i].square().mean().item<double>()), 1e-14);
    EXPECT_NEAR(
        other.cosine[i].item<double>(),
        (run.latents[i].dot(other.latents[i]) / (run.latents[i].norm() * other.latents[i].norm())).item<double>(),
        1e-14);
  }
  EncodeOptions one_by_one = encode_options(20);
  one_by_one.batch = 5;
  EXPECT_LE(test::deviation(run_encode(inputs, one_by_one).latents, run.latents), 1e-12);
  const auto result = nlohmann::json::parse(encode_result_json(run));
  EXPECT_NEAR(result["gaussian"]["rms"]["mean"].get<double>(), other.rms.mean().item<double>(), 1e-12);
  EXPECT_EQ(encoding_table(run).columns,
            (std::vector<std::string>{"sample", "label", "rms_gaussian", "cosine_gaussian"}));
}

// A sample at the Gaussian's mean has the latent 0: an angle with nothing.
TEST(Encodings, OfZeroHaveNoAngle) {
  EncodeInputs inputs = encode_inputs({1, 0.2});
  inputs.data = std::make_shared<DataSource>("zero", torch::zeros({1, 2}), torch::Tensor(), 0);
  inputs.gaussian = centred({0.5, 0.5});
  const EncodeRun run = run_encode(inputs, encode_options(5));
  const std::string csv = encoding_table(run).csv();
  EXPECT_NE(csv.find("\n0,,0,\n"), std::string::npos) << csv;
  EXPECT_EQ(encode_result_json(run).find("nan"), std::string::npos);
}

TEST(Encodings, OfAnotherShapeAreRefused) {
  EncodeInputs inputs = encode_inputs({1, 0.2});
  inputs.gaussian = centred({1, 1, 1});
  EXPECT_EQ(test::error_of([&] { run_encode(inputs, encode_options(5)); })->code(), ExitCode::kUsage);
  inputs = encode_inputs({1, 0.2});
  inputs.against = make_gaussian(centred({1, 1, 1}), {3});
  const auto error = test::error_of([&] { run_encode(inputs, encode_options(5)); });
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(error->what()).find("another shape"), std::string::npos);
}

}  // namespace
}  // namespace farfield

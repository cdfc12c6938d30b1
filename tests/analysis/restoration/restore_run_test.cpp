// Restoring a data set: what is measured of it, what comes of batches, parts and several samples, and what is refused.
#include <cmath>

#include <gtest/gtest.h>

#include "analysis/restoration/measurements.h"
#include "analysis/restoration/restore_run.h"
#include "core/io/npy.h"
#include "core/io/npz.h"
#include "models/analytic/analytic.h"
#include "models/operators/operator_registry.h"
#include "samplers/schedules/noise_levels.h"
#include "tests/support/normals.h"
#include "tests/support/scripted_network.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::error_of;
using test::normals;
using torch::Tensor;

GaussianStats plain_prior() {
  const Tensor values = torch::linspace(1.0, 0.05, 16, torch::kFloat64);
  return {0.2 * normals({16}, 1), torch::eye(16, torch::kFloat64), values, 0, 0};
}

RestoreInputs inputs_of(const std::string& op, double sigma_y, int64_t count = 3) {
  RestoreInputs inputs;
  const std::vector<int64_t> shape = {1, 4, 4};
  inputs.model = make_gaussian(plain_prior(), shape);
  inputs.op = make_operator(op, {shape, false});
  inputs.truth =
      (plain_prior().mean + plain_prior().eigenvalues.sqrt() * normals({count, 16}, 2)).reshape({count, 1, 4, 4});
  inputs.y = degrade(*inputs.op, inputs.truth, sigma_y, 7);
  inputs.model_text = "model";
  inputs.measured_text = "data";
  return inputs;
}

RestoreOptions options_of(double sigma_y, int64_t steps = 10) {
  NoiseLevelOptions levels;
  levels.steps = steps;
  RestoreOptions options;
  options.sigma_y = sigma_y;
  options.levels = noise_levels(levels);
  return options;
}

TEST(RestoreRun, MeasurementsAreSeededRowByRow) {
  const auto op = make_operator("mask,keep=0.5", {{1, 4, 4}, false});
  const Tensor truth = normals({4, 1, 4, 4}, 3), y = degrade(*op, truth, 0.5, 11);
  EXPECT_TRUE(torch::equal(y, degrade(*op, truth, 0.5, 11)));
  EXPECT_TRUE(torch::equal(y.narrow(0, 0, 2), degrade(*op, truth.narrow(0, 0, 2), 0.5, 11)));
  EXPECT_FALSE(torch::equal(y, degrade(*op, truth, 0.5, 12)));
  EXPECT_FALSE(torch::equal(y[0] - op->apply(truth)[0], y[1] - op->apply(truth)[1]));
  EXPECT_TRUE(torch::equal(y, op->where_measured(y)));
  EXPECT_TRUE(torch::equal(op->apply(truth), degrade(*op, truth, 0, 11)));
  const auto all = make_operator("identity", {{20000}, false});
  const Tensor noise = degrade(*all, torch::zeros({1, 20000}, torch::kFloat64), 0.5, 1);
  EXPECT_NEAR(noise.square().mean().item<double>(), 0.25, 0.25 * 4 * std::sqrt(2. / 20000));
}

TEST(RestoreRun, MeasurementsComeBackFromTheirFile) {
  const test::TempDir folder;
  const MeasurementFile written{normals({2, 1, 3, 3}, 1), normals({2, 1, 6, 6}, 2), "pool,factor=2", 0.25};
  write_measurements(folder / "m.npz", written);
  const MeasurementFile read = read_measurements(folder / "m.npz");
  EXPECT_TRUE(torch::equal(read.y, written.y));
  EXPECT_TRUE(torch::equal(read.truth, written.truth));
  EXPECT_EQ(read.operator_text, "pool,factor=2");
  EXPECT_EQ(read.sigma_y, 0.25);
  write_npy(folder / "m.npy", written.y);
  EXPECT_FALSE(read_measurements(folder / "m.npy").sigma_y.has_value());
  const auto refused = [&](const std::map<std::string, Tensor>& arrays) {
    write_npz(folder / "bad.npz", arrays);
    const auto error = error_of([&] { (void)read_measurements(folder / "bad.npz"); });
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
    return std::string(error->what());
  };
  EXPECT_NE(refused({{"x", written.y}}).find("no array 'measurement'"), std::string::npos);
  EXPECT_NE(refused({{"measurement", written.y / 0}}).find("not finite"), std::string::npos);
  EXPECT_NE(refused({{"measurement", torch::zeros({2, 3}, torch::kInt64)}}).find("floating point"), std::string::npos);
  EXPECT_NE(refused({{"measurement", written.y}, {"sigma_y", torch::tensor(-1.0)}}).find("sigma_y"), std::string::npos);
  EXPECT_NE(refused({{"measurement", written.y}, {"operator", torch::tensor(-1.0)}}).find("operator"),
            std::string::npos);
}

TEST(RestoreRun, DoesNotDependOnBatches) {
  RestoreOptions options = options_of(0.1);
  options.samples = 2;
  const RestoreRun whole = run_restore(inputs_of("pool,factor=2", 0.1), options);
  EXPECT_EQ(whole.x.sizes(), (std::vector<int64_t>{3, 2, 1, 4, 4}));
  options.batch = 4;
  const RestoreRun parts = run_restore(inputs_of("pool,factor=2", 0.1), options);
  EXPECT_LE((whole.x - parts.x).abs().max().item<double>(), 1e-12);
  EXPECT_EQ(whole.nfe, 10);
  EXPECT_EQ(parts.products, 0);
  EXPECT_GT((whole.x.select(1, 0) - whole.x.select(1, 1)).abs().max().item<double>(), 0.01);
  const Table table = restore_table(whole);
  ASSERT_EQ(table.rows.size(), 6u);
  EXPECT_EQ(std::get<int64_t>(table.rows[3][2]), 3);
}

TEST(RestoreRun, NumbersAreThoseOfTheirDefinitions) {
  const RestoreRun run = run_restore(inputs_of("mask,keep=0.5", 0.2), options_of(0.2));
  const Tensor x = run.x.select(1, 0), error = (x - run.inputs.truth).flatten(1).square().mean(1);
  EXPECT_LE((run.psnr.select(1, 0) - 10 * (4 / error).log10()).abs().max().item<double>(), 1e-10);
  const Tensor missed = (run.inputs.y - run.inputs.op->apply(x)).flatten(1).norm(2, 1) / std::sqrt(8.0);
  EXPECT_LE((run.residual.select(1, 0) - missed).abs().max().item<double>(), 1e-12);
  EXPECT_NE(restore_headline(run).find("10 evaluations and 0 products"), std::string::npos);
  const RestoreRun exact = run_restore(inputs_of("mask,keep=0.5", 0), options_of(0));
  EXPECT_EQ(exact.residual.max().item<double>(), 0);
  for (const auto& row : restore_table(exact).rows) EXPECT_TRUE(std::holds_alternative<std::monostate>(row[6]));
}

TEST(RestoreRun, TeleportsFromTheExactPosterior) {
  RestoreInputs inputs = inputs_of("mask,keep=0.5", 0.2);
  inputs.method = "tweedie,tolerance=1e-13,products=300";
  RestoreOptions options = options_of(0.2, 100);
  const RestoreRun whole = run_restore(inputs, options);
  options.teleport = options.levels[40];
  const RestoreRun teleported = run_restore(inputs, options);
  EXPECT_LT(teleported.nfe, whole.nfe);
  EXPECT_LE((whole.x - teleported.x).abs().max().item<double>(), 5e-3);
  ASSERT_TRUE(whole.posterior_mean.defined());  // of the model, which is a Gaussian
  inputs.prior = to_mixture(plain_prior());
  EXPECT_TRUE(torch::equal(run_restore(inputs, options).posterior_mean, whole.posterior_mean));
  const auto refused = [&](const std::string& method, bool prior) {
    RestoreInputs other = inputs;
    other.method = method;
    if (!prior) {  // the exact denoiser of some points: no Gaussian
      other.prior.reset();
      other.model = make_delta(other.truth, {1, 4, 4});
    }
    return std::string(error_of([&] { (void)run_restore(other, options); })->what());
  };
  EXPECT_NE(refused("diffpir", true).find("guided denoiser"), std::string::npos);
  EXPECT_NE(refused("pigdm", false).find("--gaussian"), std::string::npos);
}

TEST(RestoreRun, HoldsSamplesAgainstTruthsByANetwork) {
  const test::TempDir folder;
  // Maps that are the images themselves: the distance is the mean square error.
  const auto network = test::save_network(folder / "i.pt", "def forward(self, x):\n  return x\n",
                                          "{quantised: false, normalise: false, channels: 1}");
  RestoreOptions options = options_of(0.1);
  options.samples = 2;
  options.batch = 4;
  options.perceptual = {network.string(), false, true};
  RestoreInputs inputs = inputs_of("pool,factor=2", 0.1);
  const RestoreRun run = run_restore(inputs, options);
  const Tensor error = (run.x - inputs.truth.unsqueeze(1)).flatten(2).square().mean(2);
  ASSERT_EQ(run.perceptual.sizes(), error.sizes());
  EXPECT_LE((run.perceptual - error).abs().max().item<double>(), 1e-6);
  EXPECT_NE(restore_headline(run).find("perceptual distance"), std::string::npos);
  EXPECT_TRUE(std::holds_alternative<double>(restore_table(run).rows[0].back()));
  inputs.truth = Tensor();
  const auto refused = error_of([&] { (void)run_restore(inputs, options); });
  ASSERT_TRUE(refused);
  EXPECT_NE(std::string(refused->what()).find("--truth"), std::string::npos);
}

TEST(RestoreRun, RefusesWhatDoesNotFit) {
  const auto words = [](auto change) {
    RestoreInputs inputs = inputs_of("pool,factor=2", 0.1);
    RestoreOptions options = options_of(0.1);
    change(inputs, options);
    const auto error = error_of([&] { (void)run_restore(inputs, options); });
    return error ? std::string(error->what()) : std::string();
  };
  using I = RestoreInputs&;
  using O = RestoreOptions&;
  EXPECT_NE(words([](I inputs, O) { inputs.y = inputs.truth; }).find("expected [3,1,2,2]"), std::string::npos);
  EXPECT_NE(words([](I inputs, O) { inputs.truth = inputs.y; }).find("truths are"), std::string::npos);
  EXPECT_NE(
      words([](I inputs, O) { inputs.op = make_operator("identity", {{1, 8, 8}, false}); }).find("is for images of"),
      std::string::npos);
  EXPECT_NE(words([](I, O options) { options.levels.pop_back(); }).find("end above 0"), std::string::npos);
  EXPECT_NE(words([](I, O options) { options.samples = 0; }).find("0 samples"), std::string::npos);
  EXPECT_NE(words([](I, O options) { options.label = 1; }).find("class 1"), std::string::npos);
  EXPECT_NE(words([](I, O options) { options.sigma_y = -1; }).find("sigma_y is -1"), std::string::npos);
}

}  // namespace
}  // namespace farfield

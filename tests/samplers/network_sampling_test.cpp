// Sampling from a float32 network against the same weights in float64 throughout.
#include <set>

#include "core/io/safetensors.h"
#include "models/networks/native_model.h"
#include "models/networks/network_denoiser.h"
#include "models/preconditioning.h"
#include "samplers/model_levels.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/golden_denoisers.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

std::unique_ptr<Denoiser> network_in(torch::ScalarType dtype, const std::filesystem::path& file) {
  const NativeModel model = read_native_model(file);
  model.network->to(dtype);
  PreconditionedNetwork network{model.network, make_preconditioning(model.config.precond, model.config.sigma_data)};
  network.activations = dtype;
  return make_network_denoiser(std::move(network), model.config, file.filename().string());
}

TEST(NetworkSampling, golden_networks_in_float32_give_the_float64_samples) {
  const auto golden = test::golden_dir();
  if (!golden) GTEST_SKIP() << "no golden vectors: set FARFIELD_GOLDEN or put them at ../shared/golden";
  std::set<std::string> files;
  const auto index = test::read_json(*golden / "networks" / "networks_index.json");
  for (const auto& entry : index.at("networks")) {
    if (entry.at("unused_tensors").empty()) files.insert(entry.at("safetensors"));
  }
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) {
    const auto path = *golden / "networks" / file;
    const auto single = network_in(torch::kFloat32, path), reference = network_in(torch::kFloat64, path);
    SampleRequest request{.seeds = {0, 1}, .levels = resolve_levels({.steps = 6}, single->info())};
    const auto solver = make_solver("heun");
    const auto ours = sample(*single, *solver, request), exact = sample(*reference, *solver, request);
    EXPECT_LE(test::relative_deviation(ours.x, exact.x), 1e-4) << file;
    EXPECT_TRUE(torch::equal(ours.classes, exact.classes)) << file;
  }
}

// What float32 costs is the distance from the same weights in float64. Batches, whose products are summed in other orders,
// may differ by no more: each is that near to the exact sample.
TEST(NetworkSampling, a_sample_is_the_same_in_every_batch_to_the_rounding_of_float32) {
  const test::ThreadCount one(1);
  constexpr double kPromised = 1e-4;  // docs/reliability.md
  const auto path = std::filesystem::path(FARFIELD_SOURCE_DIR) / "assets/glyphs.safetensors";
  const auto single = make_network_denoiser(read_native_model(path), "glyphs", torch::kCPU, Precision::kFp32);
  const auto reference = network_in(torch::kFloat64, path);
  const auto solver = make_solver("heun");
  SampleRequest all{.seeds = {}, .levels = resolve_levels({.steps = 10}, single->info()), .batch = 64}, some = all;
  for (int64_t seed = 0; seed < 64; ++seed) all.seeds.push_back(seed);
  some.seeds = {0, 1, 2, 3};
  const auto exact = sample(*reference, *solver, some), together = sample(*single, *solver, all);
  EXPECT_LE(test::deviation(together.x.narrow(0, 0, 4), exact.x), kPromised);
  for (const int64_t batch : {1, 3}) {
    some.batch = batch;
    const auto apart = sample(*single, *solver, some);
    EXPECT_LE(test::deviation(apart.x, together.x.narrow(0, 0, 4)), kPromised) << batch;
    EXPECT_LE(test::deviation(apart.x, exact.x), kPromised) << batch;
    EXPECT_TRUE(torch::equal(apart.classes, together.classes.narrow(0, 0, 4)));
  }
}

}  // namespace
}  // namespace farfield

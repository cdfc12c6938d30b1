#include "analysis/calibrate/heat_run.h"

#include "core/io/npz.h"
#include "models/patches/heat_maps.h"
#include "models/registry/model_registry.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

// D = a(sigma) (kernel * x), zeros around x: its Jacobian is the kernel.
class Convolution final : public Denoiser {
 public:
  explicit Convolution(Tensor kernel) : kernel_(std::move(kernel)) {
    info_.name = "convolution";
    info_.sample_shape = {kernel_.size(0), 9, 7};
  }
  const DenoiserInfo& info() const override { return info_; }

 private:
  Tensor denoise(const Tensor& x, const Tensor& sigma, const Tensor&) const override {
    return sigma.view({-1, 1, 1, 1}) * torch::conv2d(x.to(torch::kFloat64), kernel_, {}, 1, 2);
  }

  DenoiserInfo info_;
  Tensor kernel_;  // [C, C, 5, 5]
};

SampleRequest heat_request(std::vector<double> levels) {
  SampleRequest request;
  request.seeds = {3, 5};
  request.levels = std::move(levels);
  request.batch = 10;
  return request;
}

TEST(Heat, OfAConvolutionIsItsKernel) {
  for (const int64_t channels : {1, 2}) {
    const Tensor kernel = test::normals({channels, channels, 5, 5}, 4);
    const MeasuredHeat measured = measure_heat(Convolution(kernel), *make_solver("euler"), heat_request({3, 0.5, 0}),
                                               [](double sigma) { return sigma < 1; });
    EXPECT_EQ(measured.levels, std::vector<double>{0.5});
    Tensor expected = torch::zeros({9, 7, 9, 7}, torch::kFloat64);
    const Tensor sums = 0.5 * kernel.abs().sum({0, 1});  // over channels of the output and the input
    for (int64_t i = 0; i < 9; ++i) {
      for (int64_t j = 0; j < 7; ++j) {
        for (int64_t a = std::max<int64_t>(0, i - 2); a < std::min<int64_t>(9, i + 3); ++a) {
          for (int64_t b = std::max<int64_t>(0, j - 2); b < std::min<int64_t>(7, j + 3); ++b) {
            expected[i][j][a][b] = sums[a - i + 2][b - j + 2];
          }
        }
      }
    }
    EXPECT_LE(test::deviation(measured.heat[0], expected), 1e-6) << channels;
  }
}

TEST(Heat, DependsOnNoBatch) {
  const auto model = open_model("gaussian:glyphs,size=8,count=30");
  SampleRequest request = heat_request({2, 0.3, 0});
  const auto all = [](double) { return true; };
  const MeasuredHeat together = measure_heat(*model, *make_solver("euler"), request, all);
  request.batch = 1;
  EXPECT_LE(test::deviation(measure_heat(*model, *make_solver("euler"), request, all).heat, together.heat), 1e-6);
  EXPECT_EQ(together.heat.sizes(), torch::IntArrayRef({2, 8, 8, 8, 8}));
}

// The file is what pspc-flex reads, and at fractions that tell nothing apart it is the exact denoiser.
TEST(Heat, TheFileMakesMasks) {
  const test::TempDir folder;
  const std::string data = "glyphs,size=8,count=30";
  HeatRun run = run_heat({open_model("gaussian:" + data), "gaussian:" + data, "pspc-flex,fraction=0.6"},
                         heat_request({2, 0.3, 0}));
  EXPECT_GT(run.mask_sizes.min().item<int64_t>(), 0);
  EXPECT_LT(run.mask_sizes.max().item<int64_t>(), 64);
  RunFolder out({folder / "heat", "calibrate", false, {}});
  save_heat(run, {}, RunInfo({"test"}), out);
  const std::string file = (folder / "heat/heat.npz").string();
  EXPECT_TRUE(read_npz(file).at("heat").equal(run.result.heat));
  const Tensor x = test::normals({1, 1, 8, 8}, 1);
  const auto flex = open_model("pspc-flex:" + data + ",fraction=0.6,heat=" + file);
  EXPECT_TRUE((*flex)(x, 0.3).isfinite().all().item<bool>());
  EXPECT_GT(test::deviation((*flex)(x, 0.3), (*open_model("delta:" + data))(x, 0.3)), 1e-6);
}

TEST(Heat, RefusesWithTheWayOut) {
  const std::pair<const char*, const char*> cases[] = {{"pspc", "give pspc-flex"},
                                                       {"pspc-flex,flips=no", "decides nothing here"},
                                                       {"pspc-flex,fraction=1", "no level"},
                                                       {"pspc-flex,fraction=0.5,table=edm32", "not both"}};
  const std::shared_ptr<const Denoiser> model = open_model("gaussian:glyphs,size=8,count=30");
  for (const auto& [reference, words] : cases) {
    const auto error = test::error_of(
        [&, &reference = reference] { run_heat({model, "g", reference}, heat_request({2, 0.3, 0})); });
    ASSERT_TRUE(error) << reference;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << error->what();
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  }
  const std::shared_ptr<const Denoiser> none = open_model("ls:glyphs,size=8,count=30,k=3"),
                                        points = open_model("gaussian:moons");
  EXPECT_EQ(test::error_of([&] { run_heat({none, "ls"}, heat_request({0.3, 0})); })->code(), ExitCode::kUsage);
  EXPECT_EQ(test::error_of([&] { run_heat({points, "moons"}, heat_request({0.3, 0})); })->code(), ExitCode::kUsage);
}

}  // namespace
}  // namespace farfield

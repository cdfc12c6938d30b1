// The sample command as users run it: the real binary on a reference file made here.
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "core/io/image.h"
#include "core/io/npz.h"
#include "core/text.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Arguments = std::vector<std::string>;
using test::text_of;

class SampleCommand : public ::testing::Test {
 protected:
  // The model is the exact denoiser of a few built-in digits, 1 x 8 x 8, or of points in the plane.
  void SetUp() override {
    gaussian = (folder / "gaussian.safetensors").string();
    const auto fitted = test::run_farfield({"fit", "gaussian", "--data", "glyphs,size=8,count=40", "--out", gaussian});
    ASSERT_EQ(fitted.exit_code, 0) << fitted.err;
  }

  test::ProcessResult sample(const std::string& out, const Arguments& more,
                             const std::string& of = "delta:glyphs,size=8,count=40") {
    Arguments arguments = {"sample", "--model", of, "--out", (folder / out).string(), "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return test::run_farfield(arguments);
  }

  std::map<std::string, torch::Tensor> arrays(const std::string& out) const {
    return read_npz(folder / (out + "/samples.npz"));
  }
  json run_json(const std::string& out) const { return json::parse(text_of(folder / (out + "/run.json"))); }

  test::TempDir folder;
  std::string gaussian;
};

TEST_F(SampleCommand, writes_arrays_pictures_and_a_record) {
  const auto result = sample("a", {"--seeds", "3,10-14", "--steps", "6", "--trajectory", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto summary = json::parse(result.out);
  EXPECT_EQ(summary.at("samples"), 6);
  EXPECT_EQ(summary.at("nfe_per_sample"), 11);

  const auto found = arrays("a");
  EXPECT_EQ(found.at("x").sizes(), (std::vector<int64_t>{6, 1, 8, 8}));
  EXPECT_EQ(found.at("x").scalar_type(), torch::kFloat64);
  EXPECT_TRUE(torch::equal(found.at("images"), to_bytes(found.at("x"))));
  EXPECT_EQ(found.at("images").sizes(), (std::vector<int64_t>{6, 8, 8, 1}));
  EXPECT_TRUE(torch::equal(found.at("seeds"), torch::tensor({3, 10, 11, 12, 13, 14}, torch::kInt64)));
  EXPECT_TRUE(found.at("labels").eq(-1).all().item<bool>());
  EXPECT_EQ(found.at("trajectory").sizes(), (std::vector<int64_t>{7, 6, 1, 8, 8}));
  EXPECT_TRUE(torch::equal(found.at("trajectory")[-1], found.at("x")));
  EXPECT_EQ(found.at("denoised").sizes(), (std::vector<int64_t>{6, 6, 1, 8, 8}));
  EXPECT_TRUE(torch::equal(found.at("denoised")[-1], found.at("x")));  // the step to 0 returns D
  EXPECT_EQ(found.at("sigmas").numel(), 7);

  const auto run = run_json("a");
  EXPECT_EQ(run.at("solver"), "heun");
  EXPECT_EQ(run.at("sampling").at("levels").size(), 7u);
  EXPECT_EQ(run.at("result").at("nfe_per_sample"), 11);
  EXPECT_NE(text_of(folder / "a/samples.png").find("heun"), std::string::npos) << "settings in the PNG's text";
  const auto stats = test::run_farfield({"data", "stats", (folder / "a/samples.npz").string()});
  EXPECT_EQ(stats.exit_code, 0) << "samples are a data set themselves: " << stats.err;
}

TEST_F(SampleCommand, the_batch_changes_no_sample_and_the_result_is_said) {
  const auto one = sample("one", {"--seeds", "0-9", "--steps", "5", "--churn", "5,0.1,50", "--batch", "3"});
  const auto all = sample("all", {"--seeds", "0-9", "--steps", "5", "--churn", "5,0.1,50", "--solver", "heun"});
  ASSERT_EQ(one.exit_code, 0) << one.err;
  ASSERT_EQ(all.exit_code, 0) << all.err;
  EXPECT_LE(test::deviation(arrays("one").at("x"), arrays("all").at("x")), 1e-12);
  EXPECT_NE(all.out.find("10 samples, 9 evaluations each"), std::string::npos) << all.out;
  EXPECT_TRUE(all.err.empty()) << all.err;
}

TEST_F(SampleCommand, teleports_by_a_fitted_gaussian_and_hashes_it) {
  const Arguments teleport = {"--seeds", "0-3", "--teleport", "8.400935309", "--gaussian", gaussian, "--trajectory"};
  const auto result = sample("t", teleport);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto run = run_json("t");
  EXPECT_EQ(run.at("result").at("nfe_per_sample"), 23);
  EXPECT_EQ(run.at("sampling").at("levels").size(), 19u);
  EXPECT_EQ(run.at("sampling").at("levels_run").size(), 13u);
  EXPECT_EQ(arrays("t").at("sigmas").numel(), 13);
  EXPECT_NE(run.dump().find("sha256"), std::string::npos);
}

TEST_F(SampleCommand, teleport_auto_measures_where_the_gaussian_holds_and_says_so) {
  const auto result = sample("t", {"--seeds", "0-3", "--teleport", "auto", "--gaussian", gaussian});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto run = run_json("t"), measured = run.at("teleport_auto");
  const auto sigmas = measured.at("sigmas").get<std::vector<double>>();
  const auto explained = measured.at("explained").get<std::vector<double>>();
  ASSERT_GE(sigmas.size(), 3u);
  EXPECT_EQ(explained.size(), sigmas.size());
  EXPECT_EQ(measured.at("sigma"), sigmas[sigmas.size() - 2]);
  EXPECT_LT(explained.back(), 0.99);
  EXPECT_GE(explained[sigmas.size() - 2], 0.99);
  EXPECT_EQ(run.at("sampling").at("levels_run").at(0), measured.at("sigma"));

  ASSERT_EQ(
      sample("loose", {"--seeds", "0-3", "--teleport", "auto", "--teleport-threshold", "0.9", "--gaussian", gaussian})
          .exit_code,
      0);
  EXPECT_LT(run_json("loose").at("teleport_auto").at("sigma"), measured.at("sigma"));
}

TEST_F(SampleCommand, solvers_and_runs_take_options) {
  const auto result = sample("o", {"--seeds", "0-2", "--solver", "dpm2,r=0.3", "--steps", "5", "--afs", "--threshold",
                                   "0.995", "--ode-jump", "2", "--trajectory"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto run = run_json("o");
  EXPECT_EQ(run.at("solver"), "dpm2,r=0.3");
  EXPECT_EQ(run.at("solver_resolved"), "dpm2,r=0.3");
  const auto& sampling = run.at("sampling");
  EXPECT_EQ(sampling.at("levels_run").back(), 2);
  EXPECT_EQ(sampling.at("afs"), true);
  EXPECT_EQ(sampling.at("threshold"), 0.995);
  EXPECT_EQ(sampling.at("ode_jump"), 2);
  const auto steps = static_cast<int64_t>(sampling.at("levels_run").size()) - 1;
  EXPECT_EQ(run.at("result").at("nfe_per_sample"), 2 * steps);  // AFS saves one evaluation, the jump takes one
  EXPECT_EQ(arrays("o").at("sigmas")[-1].item<double>(), 0);
  EXPECT_EQ(sample("bad", {"--solver", "heun,r=1"}).exit_code, 2);
  EXPECT_EQ(sample("zero", {"--denoise-to-zero"}).exit_code, 2);
  const auto denoised = sample("d", {"--seeds", "0", "--steps", "3", "--final", "sigma_min", "--denoise-to-zero"});
  EXPECT_EQ(denoised.exit_code, 0) << denoised.err;
  EXPECT_EQ(run_json("d").at("result").at("nfe_per_sample"), 7);
}

TEST_F(SampleCommand, explicit_levels_and_level_files) {
  std::ofstream(folder / "levels.json") << "[50, 10, 2, 0.4, 0]";
  ASSERT_EQ(sample("list", {"--seeds", "0-3", "--sigmas", "50,10,2,0.4,0"}).exit_code, 0);
  const auto file = sample("file", {"--seeds", "0-3", "--schedule", "file:" + (folder / "levels.json").string()});
  ASSERT_EQ(file.exit_code, 0) << file.err;
  EXPECT_TRUE(torch::equal(arrays("list").at("x"), arrays("file").at("x")));
  EXPECT_EQ(run_json("file").at("sampling").at("levels"), (std::vector<double>{50, 10, 2, 0.4, 0}));
}

TEST_F(SampleCommand, points_have_a_table_and_no_picture) {
  const auto result = sample("p", {"--seeds", "0-4", "--steps", "4"}, "delta:rings,count=50");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(arrays("p").at("x").sizes(), (std::vector<int64_t>{5, 2}));
  EXPECT_FALSE(arrays("p").contains("images"));
  EXPECT_FALSE(fs::exists(folder / "p/samples.png"));
  EXPECT_EQ(text_of(folder / "p/samples.csv").substr(0, 11), "seed,x0,x1\n");
}

TEST_F(SampleCommand, mistakes_are_one_line_and_leave_nothing) {
  const struct {
    Arguments arguments;
    std::string words;
  } table[] = {
      {{"--solver", "huen"}, "did you mean 'heun'"},
      {{"--schedule", "polynomal"}, "did you mean 'polynomial'"},
      {{"--steps", "0"}, "--steps: got '0', expected a whole number from 1 to 100000"},
      {{"--sigmas", "80,80,1"}, "the same as the one before"},
      {{"--sigmas", "1,80"}, "above the one before"},
      {{"--sigmas", "80,1,0", "--steps", "2"}, "--steps does not apply"},
      {{"--schedule", "logsnr", "--rho", "7"}, "--rho does not apply"},
      {{"--seeds", "5-1"}, "seed"},
      {{"--churn", "-1"}, "s_churn is -1"},
      {{"--churn", "1,2,3,4,5"}, "S_CHURN,S_MIN,S_MAX,S_NOISE"},
      {{"--class", "3"}, "takes no labels"},
      {{"--batch", "0"}, "--batch: got '0'"},
      {{"--batch", "1e20"}, "--batch: got '1e20', expected a whole number from 1 to 1000000"},
      {{"--precision", "fp8"}, "unknown precision 'fp8'"},
      {{"--sigma-max", "1e300"}, "--sigma-max: got '1e300', expected a number from 1e-35 to 1000000000000"},
      {{"--sigma-min", "1e-300"}, "sigma_min is 1e-300"},
      {{"--sigma-min", "nan"}, "--sigma-min: got 'nan'"},
      {{"--solver", "dpm_adaptive,eta=1e300"}, "expected a number from 0 to 10"},
      {{"--teleport", "8"}, "--gaussian"},
      {{"--teleport", "100", "--gaussian", gaussian}, "sigma is 100"},
      {{"--teleport", "high", "--gaussian", gaussian}, "--teleport"},
      {{"--teleport", "auto", "--gaussian", gaussian, "--teleport-threshold", "1"}, "threshold is 1"},
      {{"--teleport", "5", "--gaussian", gaussian, "--teleport-threshold", "0.9"}, "applies to --teleport auto only"},
      {{"--final", "none"}, "final is 'none'"},
  };
  for (const auto& row : table) {
    const auto result = sample("bad", row.arguments);
    EXPECT_EQ(result.exit_code, 2) << join(row.arguments, " ") << ": " << result.err;
    EXPECT_NE(result.err.find(row.words), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_TRUE(result.out.empty()) << result.out;
  }
  const auto other_shape = sample("bad", {"--teleport", "8", "--gaussian", gaussian}, "delta:rings,count=50");
  EXPECT_EQ(other_shape.exit_code, 2);
  EXPECT_NE(other_shape.err.find("64 dimensions"), std::string::npos) << other_shape.err;
  const auto automatic = sample("bad", {"--teleport", "auto", "--gaussian", gaussian}, "delta:rings,count=50");
  EXPECT_EQ(automatic.exit_code, 2);
  EXPECT_NE(automatic.err.find("64 dimensions"), std::string::npos) << automatic.err;
  const auto unexplained = sample("bad", {"--teleport", "auto", "--gaussian", gaussian, "--sigmas", "0.1,0.01,0"});
  EXPECT_EQ(unexplained.exit_code, 2);
  EXPECT_NE(unexplained.err.find("of the model's score at the first level"), std::string::npos) << unexplained.err;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    EXPECT_EQ(entry.path().filename(), "gaussian.safetensors") << "left behind: " << entry.path();
  }
}

TEST_F(SampleCommand, a_finished_run_is_not_overwritten_unasked) {
  ASSERT_EQ(sample("kept", {"--seeds", "0-1", "--steps", "2"}).exit_code, 0);
  const auto before = text_of(folder / "kept/samples.npz");
  EXPECT_EQ(sample("kept", {"--seeds", "2-3", "--steps", "2"}).exit_code, 2);
  EXPECT_EQ(text_of(folder / "kept/samples.npz"), before);
  EXPECT_EQ(sample("kept", {"--seeds", "2-3", "--steps", "2", "--force"}).exit_code, 0);
  EXPECT_NE(text_of(folder / "kept/samples.npz"), before);
}

}  // namespace
}  // namespace farfield

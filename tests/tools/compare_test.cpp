// The compare command as users run it: the real binary on exact denoisers made here.
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "core/io/npz.h"
#include "core/text.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;
using test::text_of;

constexpr const char* kCompareData = "glyphs,size=8,count=60";

class CompareCommand : public ::testing::Test {
 protected:
  test::ProcessResult compare(const std::string& out, const Arguments& more) {
    Arguments arguments = {"compare", "--probes", "20",      "--seeds", "0-3",
                           "--steps", "4",        "--quiet", "--out",   (folder / out).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return test::run_farfield(arguments);
  }
  std::vector<std::string> rows(const std::string& out) const {
    auto lines = split(text_of(folder / (out + "/comparison.csv")), '\n');
    while (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
  }
  test::TempDir folder;
};

TEST_F(CompareCommand, writes_tables_arrays_pictures_and_one_page) {
  const auto sampled = test::run_farfield({"sample", "--model", std::string("delta:") + kCompareData, "--seeds", "0-5",
                                           "--steps", "4", "--quiet", "--out", (folder / "s<b>").string()});
  ASSERT_EQ(sampled.exit_code, 0) << sampled.err;
  const auto result = compare("c", {"--model", std::string("delta:") + kCompareData, "--data", kCompareData,
                                    "--references", "isotropic,gaussian,mixture,components=3,delta", "--sigmas",
                                    "0.1,1,80", "--json", "--with", (folder / "s<b>").string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto summary = nlohmann::json::parse(result.out);
  EXPECT_EQ(summary["report"], (folder / "c/report.html").string());
  EXPECT_NE(summary["headline"].get<std::string>().find("the exact score of the data set at every tested noise level"),
            std::string::npos);

  const auto lines = rows("c");
  ASSERT_EQ(lines.size(), 1u + 2 * 4 * 3);
  // The reference `delta` is the model: explained exactly, with an interval of no width.
  EXPECT_NE(std::find(lines.begin(), lines.end(), "data,delta,0.1,20,1,1,1,1,1,1,1,1,1,1,0,0,0,0,0,0"), lines.end());
  const auto arrays = read_npz(folder / "c/comparison.npz");
  EXPECT_EQ(arrays.at("difference").sizes(), (std::vector<int64_t>{2, 4, 3, 20}));
  EXPECT_EQ(arrays.at("model_score").sizes(), (std::vector<int64_t>{2, 3, 20}));
  const auto trajectory = read_npz(folder / "c/trajectory.npz");
  EXPECT_EQ(trajectory.at("samples").sizes(), (std::vector<int64_t>{6, 4, 1, 8, 8}));
  EXPECT_EQ(trajectory.at("state_difference").sizes(), (std::vector<int64_t>{5, 5, 4}));
  for (const char* file : {"run.json", "trajectory.csv", "samples-model.png", "samples-2-gaussian.png"}) {
    EXPECT_TRUE(fs::exists(folder / "c" / file)) << file;
  }
  const auto run = nlohmann::json::parse(text_of(folder / "c/run.json"));
  EXPECT_EQ(run["config"]["sigmas"], nlohmann::json({0.1, 1., 80.}));
  EXPECT_EQ(run["nfe"], 7);
  const std::string page = text_of(folder / "c/report.html");
  EXPECT_NE(page.find("s&lt;b&gt;"), std::string::npos);
  EXPECT_EQ(page.find("s<b>"), std::string::npos);
  EXPECT_EQ(page.find("href=\"http"), std::string::npos);
  EXPECT_LT(page.size(), 3'000'000u);
}

TEST_F(CompareCommand, compares_any_two_models_without_data) {
  const std::string a = (folder / "a.safetensors").string(), b = (folder / "b.safetensors").string();
  ASSERT_EQ(test::run_farfield({"fit", "gaussian", "--data", "moons", "--out", a}).exit_code, 0);
  ASSERT_EQ(test::run_farfield({"fit", "mixture", "--data", "moons", "--components", "3", "--out", b}).exit_code, 0);
  const auto result = compare("c", {"--model", b, "--references", a, "--sigmas", "0.1:10:5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(rows("c").size(), 1u + 5);
  EXPECT_EQ(rows("c")[5].substr(0, 6), "noise,");
  EXPECT_NE(text_of(folder / "c/trajectory.csv").find("gaussian (closed form)"), std::string::npos);  // of the file
}

// One spelling for models and references; that of 0.1 is read, and told, once more.
TEST_F(CompareCommand, kinds_without_src_are_those_of_the_data) {
  const auto result = test::run_farfield({"compare", "--model", "mixture,components=2,rank=3", "--data", kCompareData,
                                          "--references", "mixture:2:3,diagonal,gaussian:glyphs,size=8,rank=4,count=60",
                                          "--sigmas", "1", "--probes", "20", "--seeds", "0", "--steps", "2", "--out",
                                          (folder / "c").string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("mixture:2:3 is an old spelling, read for the last time in this version; write "
                            "mixture,components=2,rank=3\n"),
            std::string::npos)
      << result.err;
  const auto lines = rows("c");
  ASSERT_EQ(lines.size(), 1u + 2 * 3);
  EXPECT_TRUE(lines[1].starts_with("data,\"mixture,components=2,rank=3\",1,20,1,1,1,1,1,"))
      << lines[1];  // the model itself
  EXPECT_TRUE(lines[2].starts_with("data,diagonal,1,20,")) << lines[2];
  EXPECT_TRUE(lines[3].starts_with("data,\"gaussian:glyphs,size=8,count=60,rank=4\",1,20,")) << lines[3];
  const auto run = nlohmann::json::parse(text_of(folder / "c/run.json"));
  EXPECT_EQ(run["config"]["references"],
            nlohmann::json({"mixture,components=2,rank=3", "diagonal", "gaussian:glyphs,size=8,count=60,rank=4"}));
}

// "Unreasonable Effectiveness", figure 16: DDIM is Euler over the VP process.
TEST_F(CompareCommand, trajectories_take_a_solver_a_schedule_and_the_vp_view) {
  const Arguments more = {"--model",      std::string("delta:") + kCompareData,
                          "--data",       kCompareData,
                          "--references", "gaussian",
                          "--sigmas",     "1",
                          "--solver",     "euler",
                          "--schedule",   "vp"};
  Arguments vp = more;
  vp.insert(vp.end(), {"--space", "vp"});
  ASSERT_EQ(compare("ve", more).exit_code, 0);
  const auto result = compare("vp", vp);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto ve_arrays = read_npz(folder / "ve/trajectory.npz"), vp_arrays = read_npz(folder / "vp/trajectory.npz");
  const torch::Tensor sigmas = vp_arrays.at("sigmas");
  EXPECT_NEAR(sigmas[0].item<double>(), 152.16697, 1e-5);
  const torch::Tensor alpha_squared = 1 / (1 + sigmas.square()).unsqueeze(1);
  EXPECT_LE(test::relative_deviation(vp_arrays.at("state"), ve_arrays.at("state") * alpha_squared), 1e-12);
  EXPECT_EQ(vp_arrays.at("strip_denoised").sizes(), torch::IntArrayRef({3, 2, 4, 1, 8, 8}));
  const auto run = nlohmann::json::parse(text_of(folder / "vp/run.json"));
  EXPECT_EQ(run["nfe"], 4);
  EXPECT_EQ(run["config"]["solver"], "euler");
  EXPECT_EQ(run["config"]["space"], "vp");
  const std::string page = text_of(folder / "vp/report.html");
  for (const char* words :
       {"euler over 4 steps", "VP view", "D along the trajectories", "the Gaussian&#39;s closed form:"})
    EXPECT_NE(page.find(words), std::string::npos) << words;
}

TEST_F(CompareCommand, refuses_with_one_line_and_leaves_nothing_behind) {
  const std::string model = std::string("delta:") + kCompareData;
  struct Case {
    Arguments more;
    int code;
    std::string says;
  };
  const std::vector<Case> cases = {
      {{"--model", model, "--references", "gausian", "--data", kCompareData}, 2, "did you mean 'gaussian'"},
      {{"--model", model, "--references", "gaussian"}, 2, "--data"},
      {{"--model", "delta", "--references", model}, 2, "delta:SRC"},
      {{"--model", std::string("gausian:") + kCompareData, "--references", model}, 2, "did you mean 'gaussian'"},
      {{"--model", model, "--references", "gaussian,rnk=3", "--data", kCompareData}, 2, "did you mean 'rank'"},
      {{"--model", model, "--references", "mixture:3,rank=2", "--data", kCompareData}, 2, "two spellings mixed"},
      {{"--model", model, "--references", "delta,mixture,components=2,mixture:2", "--data", kCompareData},
       2,
       "named twice"},
      {{"--model", model, "--references", "isotropic", "--data", "glyphs,size=16,count=20"}, 2, "[1,16,16]"},
      {{"--model", model, "--references", "isotropic", "--data", kCompareData, "--sigmas", "1,x"}, 2, "--sigmas"},
      {{"--model", model, "--references", "isotropic", "--data", kCompareData, "--sigmas", "5:1:3"},
       2,
       "LOW:HIGH:COUNT"},
      {{"--model", model, "--references", "isotropic", "--data", kCompareData, "--probes", "1"}, 2, "probes"},
      {{"--model", model, "--references", "isotropic", "--data", kCompareData, "--class", "3"}, 2, "no class labels"},
      {{"--model", model, "--references", "isotropic", "--data", kCompareData, "--guidance", "2"},
       2,
       "takes no labels"},
      {{"--model", model, "--references", "isotropic", "--data", kCompareData, "--space", "vq"}, 2, "unknown space"},
      {{"--model", model, "--references", "isotropic", "--data", kCompareData, "--solver", "euler_ancestral"},
       2,
       "draws noise"},
      {{"--model", model, "--references", "isotropic", "--data", kCompareData, "--with", "/nowhere"},
       5,
       "--with /nowhere"},
      {{"--model", "/nowhere.safetensors", "--references", "isotropic", "--data", kCompareData},
       5,
       "/nowhere.safetensors"}};
  for (const Case& one : cases) {
    const auto result = compare("bad", one.more);
    EXPECT_EQ(result.exit_code, one.code) << result.err;
    EXPECT_NE(result.err.find(one.says), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_TRUE(result.out.empty());
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace farfield

// sample --guidance on a small conditional network.
#include <fstream>

#include <nlohmann/json.hpp>

#include "core/io/npz.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"
#include "tests/tools/labelled_model.h"

namespace farfield {
namespace {

class GuidanceCommand : public ::testing::Test {
 protected:
  void SetUp() override { test::write_labelled_model(model); }

  test::ProcessResult sample(const std::string& out, std::vector<std::string> more, const std::string& of) {
    std::vector<std::string> arguments = {"sample",  "--model", of,    "--out",   (folder / out).string(),
                                          "--quiet", "--seeds", "0-5", "--steps", "4"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return test::run_farfield(arguments);
  }
  torch::Tensor x(const std::string& out) { return read_npz(folder / (out + "/samples.npz")).at("x"); }

  test::TempDir folder;
  std::string model = (folder / "labelled.safetensors").string();
};

TEST_F(GuidanceCommand, moves_the_samples_and_is_recorded_and_one_is_no_guidance) {
  const auto plain = sample("plain", {"--class", "1"}, model);
  ASSERT_EQ(plain.exit_code, 0) << plain.err;
  ASSERT_EQ(sample("one", {"--class", "1", "--guidance", "1"}, model).exit_code, 0);
  ASSERT_EQ(sample("three", {"--class", "1", "--guidance", "3"}, model).exit_code, 0);
  EXPECT_TRUE(torch::equal(x("plain"), x("one")));
  EXPECT_GT((x("plain") - x("three")).abs().max().item<double>(), 1e-3);
  std::ifstream file(folder / "three/run.json");
  const auto run = nlohmann::json::parse(file);
  EXPECT_EQ(run.at("guidance"), "3");
  EXPECT_EQ(run.at("result").at("nfe_per_sample"), 7) << "a guided evaluation is one evaluation";
}

TEST_F(GuidanceCommand, a_model_without_labels_refuses_it_in_one_line) {
  for (const auto& [weight, words] :
       {std::pair{"2", "takes no labels"},
        std::pair{"inf", "--guidance: got 'inf', expected a number from -10000 to 10000"}}) {
    const auto result = sample("bad", {"--guidance", weight}, "delta:rings,count=20");
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_NE(result.err.find(words), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "bad"));
}

}  // namespace
}  // namespace farfield

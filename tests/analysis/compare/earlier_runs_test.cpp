#include "analysis/compare/earlier_runs.h"

#include <fstream>

#include <gtest/gtest.h>

#include "analysis/training/training_section.h"
#include "core/io/npz.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;

void write_text(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

std::string tick(int64_t images, double loss) {
  return "{\"images\":" + std::to_string(images) + ",\"step\":" + std::to_string(images / 64) +
         ",\"loss\":" + std::to_string(loss) +
         ",\"loss_by_sigma\":[{\"sigma_from\":0.0,\"sigma_to\":0.01,\"count\":3,\"loss\":0.5},{\"sigma_from\":31.6,"
         "\"sigma_to\":null,\"count\":2,\"loss\":0.25}],\"learning_rate\":0.001,\"images_per_second\":100.0,\"seconds\":9.5}\n";
}

void write_samples(const fs::path& folder, const torch::Tensor& x, const torch::Tensor& seeds,
                   const std::string& settings) {
  fs::create_directories(folder);
  write_npz(folder / "samples.npz", {{"x", x}, {"seeds", seeds}});
  write_text(folder / "run.json", settings);
}

std::string page_with(const std::vector<fs::path>& paths, const test::TempDir& folder) {
  const EarlierRuns runs(paths);
  const RunFolder out({folder / "out", "compare", false, {}});
  Report report("kind", "title", "answer");
  runs.add_to(report, out);
  return report.html();
}

TEST(EarlierRuns, ShowTheTrainingLog) {
  const test::TempDir folder;
  write_text(folder / "train/log.jsonl", tick(64, 0.9) + tick(128, 0.3));
  const auto ticks = read_training_log(folder / "train");
  ASSERT_EQ(ticks.size(), 2u);
  EXPECT_EQ(ticks[1].images, 128);
  EXPECT_EQ(ticks[1].loss, 0.3);
  ASSERT_EQ(ticks[1].by_sigma.size(), 2u);
  EXPECT_TRUE(std::isinf(ticks[1].by_sigma[1].sigma_to));
  const std::string page = page_with({folder / "train"}, folder);
  EXPECT_NE(page.find("The loss went from 0.900 to 0.300 in 128 images"), std::string::npos);
  EXPECT_NE(page.find("href=\"./train-training.csv\""), std::string::npos);
}

TEST(EarlierRuns, PutSamplesOfTheSameSeedsSideBySide) {
  const test::TempDir folder;
  const torch::Tensor x = torch::zeros({3, 1, 4, 4}, torch::kFloat64);
  write_samples(folder / "heun", x, torch::tensor({5, 6, 7}, torch::kInt64),
                R"({"solver":"heun","schedule":"polynomial","sampling":{"levels_run":[80,1,0],"teleport":null},)"
                R"("result":{"nfe_per_sample":3,"seconds":2.5}})");
  // Seeds 6 and 7 are shared; they differ by 0.3 and 0.4 everywhere, so the rms is sqrt((0.09 + 0.16) / 2).
  torch::Tensor y = torch::zeros({3, 1, 4, 4}, torch::kFloat64);
  y[0] += 0.4;
  y[1] += 0.3;
  y[2] += 9;
  write_samples(folder / "teleported", y, torch::tensor({7, 6, 1}, torch::kInt64),
                R"({"solver":"heun","schedule":"polynomial","sampling":{"levels_run":[5.3,0],"teleport":5.3},)"
                R"("result":{"nfe_per_sample":1,"seconds":1.25}})");
  const std::string page = page_with({folder / "heun", folder / "teleported"}, folder);
  EXPECT_NE(page.find("<p>heun, polynomial schedule, 2 steps</p><p>3 NFE, 2.5 s</p>"), std::string::npos);
  EXPECT_NE(page.find("<p>teleported to σ = 5.3 by the Gaussian&#39;s closed form</p><p>1 NFE, 1.2 s</p>"),
            std::string::npos);
  EXPECT_NE(page.find("rms difference to heun: 0.35 (2 seeds)"), std::string::npos);
}

TEST(EarlierRuns, AreCheckedWhenTheyAreNamed) {
  const test::TempDir folder;
  EXPECT_EQ(test::error_of([&] { EarlierRuns({folder / "nowhere"}); })->code(), ExitCode::kIo);
  fs::create_directories(folder / "empty");
  EXPECT_EQ(test::error_of([&] { EarlierRuns({folder / "empty"}); })->code(), ExitCode::kIo);
  for (const char* bad : {"{\"images\":1", "[]", "{\"images\":\"many\"}", "{\"images\":1,\"step\":1,\"loss\":null}"}) {
    write_text(folder / "train/log.jsonl", tick(64, 0.9) + bad + "\n");
    const auto error = test::error_of([&] { EarlierRuns({folder / "train"}); });
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << bad;
    EXPECT_NE(std::string(error->what()).find("line 2"), std::string::npos) << error->what();
  }
}

}  // namespace
}  // namespace farfield

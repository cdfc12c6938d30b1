// Every file of configs/sample, configs/schedule-search and configs/study is run on a toy model, and takes the evaluations that it names.
#include <atomic>
#include <mutex>
#include <regex>
#include <thread>

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;
using test::run_farfield;
using test::text_of;

constexpr const char* kToy = "delta:moons,count=16";

std::vector<fs::path> configs_in(const std::string& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(FARFIELD_SOURCE_DIR) / "configs" / folder))
    files.push_back(entry.path());
  return files;
}

// "NFE 35" in a file's comments.
int64_t named_evaluations(const std::string& text) {
  std::smatch found;
  return std::regex_search(text, found, std::regex("#.*NFE ([0-9]+)")) ? std::stol(found[1]) : -1;
}

class PublishedConfigs : public testing::Test {
 protected:
  void SetUp() override {
    const auto fitted = run({"fit", "gaussian", "--data", "moons,count=16", "--out", "g.safetensors"});
    ASSERT_EQ(fitted.exit_code, 0) << fitted.err;
  }

  test::ProcessResult run(std::vector<std::string> call) const {
    call.insert(call.end(), {"--threads", "1", "--json"});
    return run_farfield(call, {"OMP_NUM_THREADS=1"}, folder_.path().string());
  }

  test::ProcessResult sample(const fs::path& file) const {
    std::vector<std::string> call = {"sample",  "--config", file.string(), "--model",           kToy,
                                     "--seeds", "0",        "--out",       file.stem().string()};
    if (text_of(file).find("teleport:") != std::string::npos) call.insert(call.end(), {"--gaussian", "g.safetensors"});
    return run(call);
  }

  test::TempDir folder_;
};

TEST_F(PublishedConfigs, samplers_take_the_evaluations_they_name) {
  const auto files = configs_in("sample");
  EXPECT_GE(files.size(), 20u);
  std::atomic<size_t> next{0};
  std::mutex lock;
  const auto work = [&] {
    for (size_t i = next++; i < files.size(); i = next++) {
      const auto result = sample(files[i]);
      const std::lock_guard<std::mutex> guard(lock);
      ASSERT_EQ(result.exit_code, 0) << files[i] << ": " << result.err;
      EXPECT_EQ(json::parse(result.out).at("nfe_per_sample"), named_evaluations(text_of(files[i]))) << files[i];
    }
  };
  std::thread second(work);
  work();
  second.join();
}

TEST_F(PublishedConfigs, searches_find_schedules_from_61_levels) {
  for (const auto& file : configs_in("schedule-search")) {
    const auto result = run({"schedule", "search", "--config", file.string(), "--model", kToy, "--warmup", "16",
                             "--out", file.stem().string() + ".json"});
    ASSERT_EQ(result.exit_code, 0) << file << ": " << result.err;
    const auto found = json::parse(result.out);
    EXPECT_EQ(found.at("teacher_nfe"), 60) << file;
    EXPECT_EQ(found.at("schedules").size(), 8u) << file;
  }
}

TEST_F(PublishedConfigs, studies_make_the_tables) {
  ASSERT_EQ(
      run({"schedule", "search", "--model", kToy, "--warmup", "8", "--nfe", "3-10", "--out", "gits.json"}).exit_code,
      0);
  for (const auto& file : configs_in("study")) {
    std::vector<std::string> call = {
        "study", "--config",           file.string(), "--model",       kToy, "--seeds", "0-3",
        "--out", file.stem().string(), "--data",      "moons,count=16"};
    if (text_of(file).find("teleport-sweep:") != std::string::npos)
      call.insert(call.end(), {"--gaussian", "g.safetensors"});
    const auto result = run(call);
    ASSERT_EQ(result.exit_code, 0) << file << ": " << result.err;
    const std::string table = text_of(folder_ / file.stem() / "table.csv");
    EXPECT_NE(table.find("\nfd,"), std::string::npos) << table;
  }
}

TEST(PublishedConfigsPage, lists_every_file) {
  const std::string page = text_of(fs::path(FARFIELD_SOURCE_DIR) / "configs/README.md");
  for (const std::string folder : {"sample", "schedule-search", "study", "train"}) {
    for (const auto& file : configs_in(folder)) {
      const std::string name = file.stem().string();
      const std::string ending = "-" + name.substr(name.rfind('-') + 1);
      EXPECT_TRUE(page.find("`" + name + "`") != std::string::npos ||
                  page.find("`" + ending + "`") != std::string::npos)
          << "configs/README.md does not list " << file;
    }
  }
}

}  // namespace
}  // namespace farfield

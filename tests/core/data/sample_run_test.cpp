// What `sample` leaves, in one file or in shards, read as one data set; damage named.
#include "core/data/sample_shards.h"

#include <fstream>

#include <gtest/gtest.h>

#include "core/data/source.h"
#include "core/io/npz.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using torch::Tensor;

constexpr int64_t kSamples = 10, kSize = 4;
const std::string kModel(64, 'a'), kRun(64, 'b');

Tensor pictures() { return torch::arange(kSamples * 2 * 3, torch::kUInt8).reshape({kSamples, 2, 3, 1}); }

class SampleRun : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(shards());
    for (int64_t shard = 0; shard < index.shards(); ++shard) write(index, shard);
    write_shard_index(shards(), index);
  }
  fs::path shards() const { return folder / "run/shards"; }
  std::string src(const std::string& options = "") const { return "samples:" + (folder / "run").string() + options; }

  void write(const ShardIndex& of, int64_t shard) const {
    const int64_t first = of.first_of(shard), size = of.size_of(shard);
    const Tensor images = pictures().narrow(0, first, size);
    std::map<std::string, Tensor> arrays = {{"images", images},
                                            {"x", images.permute({0, 3, 1, 2}).to(torch::kFloat64) / 1000},
                                            {"seeds", torch::arange(first, first + size, torch::kInt64)},
                                            {"labels", torch::arange(first, first + size, torch::kInt64) % 3}};
    arrays.merge(shard_marks(of, shard));
    write_npz(shards() / shard_name(shard), arrays);
  }
  std::string refusal() const {
    const auto error = test::error_of([&] { (void)open_data(src()); });
    EXPECT_TRUE(error && error->code() == ExitCode::kBadFile);
    return error ? error->what() : "";
  }

  test::TempDir folder;
  ShardIndex index{kSamples, kSize, kModel, kRun};
};

TEST_F(SampleRun, ShardsAreOneDataSet) {
  const auto data = open_data(src());
  EXPECT_EQ(data->info().count, kSamples);
  EXPECT_EQ(data->info().label_dim, 3);
  write_npz(folder / "whole.npz", {{"images", pictures()}, {"labels", torch::arange(kSamples, torch::kInt64) % 3}});
  EXPECT_EQ(data->info().fingerprint, open_data((folder / "whole.npz").string())->info().fingerprint);
  const auto states = open_data(src(",key=x,labels=no"));
  EXPECT_EQ(states->info().label_dim, 0);
  EXPECT_TRUE(
      states->rows(9, 1).flatten().equal(torch::arange(54, 60).to(torch::kFloat64).div(1000).to(torch::kFloat32)));
}

TEST_F(SampleRun, TheFirstNNeedOnlyTheirShards) {
  std::ofstream(shards() / shard_name(2)) << "damaged";
  EXPECT_EQ(open_data(src(",first=6"))->info().count, 6);
  EXPECT_TRUE(open_data(src(",first=6"))->rows(0, 6).equal(open_data(src(",first=8"))->rows(0, 6)));
  EXPECT_NE(refusal().find("samples-000002.npz"), std::string::npos);
}

TEST_F(SampleRun, WhatIsMissingOrTooMuchIsNamed) {
  fs::rename(shards() / shard_name(1), shards() / shard_name(3));
  EXPECT_NE(refusal().find("1 of 3 shards missing: samples-000001.npz"), std::string::npos) << refusal();
  write(index, 1);
  EXPECT_NE(refusal().find("there is samples-000003.npz, too"), std::string::npos) << refusal();
}

TEST_F(SampleRun, AShardInAnothersPlaceWouldBeThereTwice) {
  fs::copy_file(shards() / shard_name(0), shards() / shard_name(1), fs::copy_options::overwrite_existing);
  EXPECT_NE(refusal().find("samples-000001.npz: holds the samples of samples-000000.npz"), std::string::npos)
      << refusal();
}

TEST_F(SampleRun, ShardsOfOtherModelsAndRunsAreNamed) {
  write({kSamples, kSize, std::string(64, 'c'), kRun}, 2);
  EXPECT_NE(refusal().find("samples-000002.npz: a shard of another model"), std::string::npos) << refusal();
  write({kSamples, kSize, kModel, std::string(64, 'c')}, 2);
  EXPECT_NE(refusal().find("samples-000002.npz: a shard of another run of this model"), std::string::npos) << refusal();
  std::map<std::string, Tensor> unmarked = read_npz(shards() / shard_name(0));
  unmarked.erase("model_sha256");
  write_npz(shards() / shard_name(2), unmarked);
  EXPECT_NE(refusal().find("absent"), std::string::npos) << refusal();
}

TEST_F(SampleRun, AShardOfOtherSizesIsRefused) {
  auto arrays = read_npz(shards() / shard_name(1));
  for (const char* name : {"images", "x", "seeds", "labels"}) arrays[name] = arrays[name].narrow(0, 0, 3).contiguous();
  write_npz(shards() / shard_name(1), arrays);
  EXPECT_NE(refusal().find("samples-000001.npz: got samples [3, 1, 2, 3]"), std::string::npos) << refusal();
}

TEST_F(SampleRun, IndicesThatDisagreeWithThemselvesAreRefused) {
  for (const char* text : {"{}", "[1]", "{\"farfield_shards\": 2}",
                           "{\"farfield_shards\": 1, \"samples\": 10, \"size\": 0, \"shards\": 3}",
                           "{\"farfield_shards\": 1, \"samples\": 9223372036854775807, \"size\": 1, \"shards\": 3}"}) {
    std::ofstream(shards() / kShardIndex, std::ios::trunc) << text;
    EXPECT_NE(refusal().find("index.json"), std::string::npos) << text;
  }
}

TEST_F(SampleRun, OneFileIsReadLikewiseAndAnythingElseIsNoRun) {
  fs::remove_all(shards());
  EXPECT_NE(refusal().find("neither samples.npz nor shards/index.json"), std::string::npos);
  write_npz(folder / "run/samples.npz", {{"images", pictures()}, {"x", pictures().to(torch::kFloat64)}});
  EXPECT_EQ(open_data(src(",first=3"))->info().count, 3);
}

}  // namespace
}  // namespace farfield

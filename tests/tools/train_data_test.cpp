// `farfield train` on data of every shape that people have: what trains, and what is refused at the start.
#include <c10/util/accumulate.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/io/file.h"
#include "core/io/npz.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using test::run_farfield;

// Trains for a moment on an array.
struct Trained {
  test::TempDir folder;
  fs::path run = folder / "run";
  test::ProcessResult result;

  explicit Trained(const torch::Tensor& array, const std::string& options = "",
                   const std::vector<std::string>& settings = {}) {
    write_npy(folder / "a.npy", array);
    std::vector<std::string> command = {
        "train",     "--config", std::string(FARFIELD_SOURCE_DIR) + "/configs/train/tiny.yaml", "--out", run.string(),
        "--threads", "1"};
    for (const auto& setting :
         {"data.source=" + (folder / "a.npy").string() + options, std::string("network.label_dim=0"),
          std::string("network.model_channels=8"), std::string("run.batch=4"), std::string("run.images=8"),
          std::string("run.preview_images=8")}) {
      command.insert(command.end(), {"--set", setting});
    }
    for (const auto& setting : settings) command.insert(command.end(), {"--set", setting});
    result = run_farfield(command);
  }
  nlohmann::json info() const { return nlohmann::json::parse(read_file(run / "run.json", 1 << 20)); }
};

torch::Tensor noise(std::vector<int64_t> shape) {
  return torch::linspace(-1, 1, c10::multiply_integers(shape)).mul_(7).sin_().reshape(shape);
}

TEST(TrainData, ImagesOfAnyNumberOfChannelsTrainAndAreDrawn) {
  for (const auto& shape : std::vector<std::vector<int64_t>>{{8, 2, 8, 8}, {8, 4, 8, 8}, {8, 9, 4, 4}, {8, 8, 8}}) {
    const Trained trained(noise(shape));
    EXPECT_EQ(trained.result.exit_code, 0) << trained.result.err;
    EXPECT_TRUE(fs::exists(trained.run / "previews/preview-000000000008.png"));
    const auto sampled = run_farfield({"sample", "--model", trained.run.string(), "--seeds", "0-1", "--steps", "1",
                                       "--out", (trained.folder / "s").string()});
    EXPECT_EQ(sampled.exit_code, 0) << sampled.err;
    EXPECT_TRUE(fs::exists(trained.folder / "s/samples.png"));
  }
}

TEST(TrainData, ImagesThatAreNotSquareTrainSampleAndResume) {
  const Trained trained(noise({8, 3, 8, 12}), "",
                        {"network.channel_mult=[1,1,1]", "network.attn_resolutions=[6]", "augment.probability=0.5"});
  ASSERT_EQ(trained.result.exit_code, 0) << trained.result.err;
  EXPECT_NE(read_file(trained.run / "config.yaml", 1 << 20).find("img_resolution: [8, 12]"), std::string::npos);
  const std::string model = trained.run.string(), out = (trained.folder / "s").string();
  ASSERT_EQ(run_farfield({"sample", "--model", model, "--seeds", "0-2", "--steps", "2", "--out", out}).exit_code, 0);
  EXPECT_EQ(read_npz(fs::path(out) / "samples.npz").at("images").sizes(), (std::vector<int64_t>{3, 8, 12, 3}));
  const auto longer = run_farfield({"train", "--config", (trained.run / "config.yaml").string(), "--out", model,
                                    "--resume", "--set", "run.images=12", "--threads", "1"});
  EXPECT_EQ(longer.exit_code, 0) << longer.err;
  const auto inspected = run_farfield(
      {"inspect", (trained.run / "snapshots/snapshot-000000000008.safetensors").string(), "--json"});
  EXPECT_EQ(nlohmann::json::parse(inspected.out)["sample shape"], nlohmann::json({3, 8, 12}));
}

TEST(TrainData, ARunOfOtherClassesIsABeginning) {
  const test::TempDir folder;
  const auto train = [&](const std::string& source, const std::string& out, const std::vector<std::string>& more = {}) {
    std::vector<std::string> command = {"train",
                                        "--config",
                                        (folder / "c.yaml").string(),
                                        "--set",
                                        "data.source=" + source,
                                        "--out",
                                        (folder / out).string(),
                                        "--threads",
                                        "1"};
    command.insert(command.end(), more.begin(), more.end());
    return run_farfield(command);
  };
  write_file_atomically(folder / "c.yaml",
                        "data: {source: none}\nnetwork: {model_channels: 8, channel_mult: [1], num_blocks: 1, "
                        "attn_resolutions: []}\nrun: {images: 8, batch: 4, preview_images: 0}\n");
  ASSERT_EQ(train("glyphs,size=8,count=16", "ten").exit_code, 0);
  write_npz(folder / "a.npz",
            {{"images", torch::zeros({6, 8, 8}, torch::kUInt8)}, {"labels", torch::tensor({0, 1, 2, 0, 1, 2})}});
  const auto tuned = train((folder / "a.npz").string(), "three", {"--init", (folder / "ten").string()});
  ASSERT_EQ(tuned.exit_code, 0) << tuned.err;
  EXPECT_NE(tuned.err.find(
                "a network of 10 classes becomes one of 3; the label layers are new: map_label.bias, map_label.weight"),
            std::string::npos)
      << tuned.err;
  const auto info = nlohmann::json::parse(read_file(folder / "three/run.json", 1 << 20));
  EXPECT_EQ(info["init"]["new_layers"], nlohmann::json({"map_label.bias", "map_label.weight"}));
  EXPECT_EQ(run_farfield({"sample", "--model", (folder / "three").string(), "--class", "2", "--seeds", "0", "--steps",
                          "1", "--out", (folder / "s").string()})
                .exit_code,
            0);
}

TEST(TrainData, ConversionsAreRecorded) {
  const Trained trained(noise({8, 3, 9, 12}).add(1).div(2), ",range=0..1,channels=grey,crop=square,resize=8");
  ASSERT_EQ(trained.result.exit_code, 0) << trained.result.err;
  const auto data = trained.info()["data"];
  EXPECT_EQ(data["shape"], nlohmann::json({1, 8, 8}));
  ASSERT_EQ(data["conversions"].size(), 4u);
  EXPECT_EQ(data["conversions"][0], "range=0..1: mapped to [-1, 1]");
  EXPECT_EQ(data["conversions"][2], "crop=square: the centre");
}

TEST(TrainData, WhatNoNetworkTakesIsRefusedBeforeAnythingIsWritten) {
  for (const auto& shape : std::vector<std::vector<int64_t>>{{8, 1, 4, 8, 8}, {8, 16}}) {
    const Trained trained(noise(shape));
    EXPECT_EQ(trained.result.exit_code, 2) << trained.result.err;
    EXPECT_NE(trained.result.err.find("a sample is"), std::string::npos) << trained.result.err;
    EXPECT_FALSE(fs::exists(trained.run));
  }
}

}  // namespace
}  // namespace farfield

#include <nlohmann/json.hpp>

#include "core/io/file.h"
#include "core/io/npz.h"
#include "core/math/random.h"
#include "models/networks/checkpoint_manifest.h"
#include "models/networks/native_model.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using nlohmann::json;
using test::run_farfield;

std::string write_model(const std::filesystem::path& path) {
  ModelConfig config;
  config.network = NetworkConfig::defaults("PointMlp");
  config.network.model_channels = 8;
  return write_native_model(path, config, *make_native_model(config, keyed_generator({1})).network, {{"images", "9"}});
}

TEST(Inspect, NetworksArraysAndRunsAreDescribed) {
  const test::TempDir folder;
  const std::string hash = write_model(folder / "m.safetensors");
  const auto model = run_farfield({"inspect", (folder / "m.safetensors").string(), "--json"});
  ASSERT_EQ(model.exit_code, 0) << model.err;
  const json described = json::parse(model.out);
  EXPECT_EQ(described.at("kind"), "native network");
  EXPECT_EQ(described.at("sha256"), hash);
  EXPECT_EQ(described.at("sample shape"), json({2}));
  EXPECT_EQ(described.at("metadata").at("images"), "9");
  EXPECT_GT(described.at("parameters").get<int>(), 0);

  const auto text = run_farfield({"inspect", (folder / "m.safetensors").string()});
  EXPECT_NE(text.out.find("native network"), std::string::npos);
  EXPECT_NE(text.out.find("model.map_layer0.weight"), std::string::npos);

  write_npz(folder / "a.npz", {{"x", torch::zeros({3, 2})}});
  const auto arrays = run_farfield({"inspect", (folder / "a.npz").string(), "--json"});
  EXPECT_EQ(json::parse(arrays.out).at("tensors")[0].at("shape"), json({3, 2}));

  std::filesystem::create_directory(folder / "run");
  const std::string snapshot_hash = write_model(folder / "run" / "s.safetensors");
  write_checkpoint_manifest(folder / "run", {{}, {{"s.safetensors", 9, snapshot_hash}}});
  const auto run = run_farfield({"inspect", (folder / "run").string(), "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(json::parse(run.out).at("newest snapshot"), "s.safetensors");
}

TEST(Inspect, WhatItCannotReadIsAnError) {
  const test::TempDir folder;
  write_file_atomically(folder / "bad.safetensors", "not a header");
  write_file_atomically(folder / "notes.txt", "hello");
  EXPECT_EQ(run_farfield({"inspect", (folder / "bad.safetensors").string()}).exit_code, 3);
  EXPECT_EQ(run_farfield({"inspect", (folder / "notes.txt").string()}).exit_code, 3);
  EXPECT_EQ(run_farfield({"inspect", folder.path().string()}).exit_code, 3);
  EXPECT_EQ(run_farfield({"inspect", (folder / "absent").string()}).exit_code, 5);
}

}  // namespace
}  // namespace farfield

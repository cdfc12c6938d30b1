#include "models/networks/native_model.h"

#include <functional>

#include "core/io/file.h"
#include "core/math/random.h"
#include "models/networks/networks.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

ModelConfig tiny() {
  ModelConfig config;
  config.network.img_resolution = 8;
  config.network.img_channels = 1;
  config.network.model_channels = 8;
  config.network.channel_mult = {1, 2};
  config.network.num_blocks = 1;
  config.network.attn_resolutions = {4};
  config.network.label_dim = 3;
  config.network.augment_dim = 9;
  config.sigma_data = 0.25;
  return config;
}

TensorFile tiny_file(const ModelConfig& config) {
  return to_tensor_file(config, *make_native_model(config, keyed_generator({1})).network, {{"images", "64"}});
}

TEST(NativeModel, WhatIsWrittenIsReadBack) {
  const test::TempDir folder;
  ModelConfig adm = tiny(), points = tiny(), ncsnpp = tiny(), iddpm = tiny(), skip = tiny();
  adm.network = NetworkConfig::defaults("DhariwalUNet");
  adm.network.img_resolution = 16;
  adm.network.model_channels = 64;
  adm.network.channel_mult = {1, 1};
  adm.network.num_blocks = 1;
  points.network = NetworkConfig::defaults("PointMlp");
  ncsnpp.network.embedding_type = "fourier";
  ncsnpp.network.encoder_type = "residual";
  ncsnpp.network.channel_mult_noise = 2;
  ncsnpp.network.resample_filter = {1, 3, 3, 1};
  skip.network.encoder_type = skip.network.decoder_type = "skip";
  iddpm.precond = "iddpm";
  ModelConfig local = skip, local_adm = adm, plain = tiny();
  local.network.innermost_attention = local_adm.network.innermost_attention = false;
  local.network.normalisation = local_adm.network.normalisation = plain.network.normalisation = "none";
  ModelConfig wide = tiny(), tall = adm, wide_ncsnpp = ncsnpp, wide_skip = skip;
  wide.network.img_resolution = {4, 10};
  tall.network.img_resolution = {32, 16};
  wide_ncsnpp.network.img_resolution = wide_skip.network.img_resolution = {6, 8};
  for (const ModelConfig& config :
       {tiny(), adm, points, ncsnpp, iddpm, skip, wide, tall, wide_ncsnpp, wide_skip, local, local_adm, plain}) {
    SCOPED_TRACE(config.json());
    const NativeModel made = make_native_model(config, keyed_generator({7}));
    write_native_model(folder / "m.safetensors", config, *made.network);
    const NativeModel read = read_native_model(folder / "m.safetensors");
    EXPECT_EQ(read.config.network, config.network);
    EXPECT_EQ(read.config.precond, config.precond);
    EXPECT_EQ(read.config.sigma_data, config.sigma_data);
    std::vector<int64_t> shape = config.network.sample_shape();
    shape.insert(shape.begin(), 2);
    const Conditioning conditioning{torch::tensor({-1.0f, 0.5f}), {}, {}};
    torch::NoGradGuard no_grad;
    const torch::Tensor x = torch::randn(shape, keyed_generator({3}));
    const torch::Tensor y = made.network->forward(x, conditioning);
    EXPECT_EQ(y.size(1), x.size(1) * (config.precond == "iddpm" ? 2 : 1));
    EXPECT_TRUE(torch::equal(y, read.network->forward(x, conditioning)));
  }
}

// What NVlabs' code does not know is written only where it says something.
TEST(NativeModel, DefaultsOfOurOwnAreNotWritten) {
  ModelConfig config = tiny();
  EXPECT_EQ(config.json().find("innermost_attention"), std::string::npos);
  EXPECT_EQ(config.json().find("normalisation"), std::string::npos);
  config.network.innermost_attention = false;
  config.network.normalisation = "none";
  EXPECT_NE(config.json().find("\"innermost_attention\":false"), std::string::npos) << config.json();
  EXPECT_NE(config.json().find("\"normalisation\":\"none\""), std::string::npos) << config.json();
}

// float32 holds every half-precision value: what is computed is what the same values in float32 give.
TEST(NativeModel, HalfPrecisionWeightsAreTakenExactly) {
  for (const torch::ScalarType dtype : {torch::kFloat16, torch::kBFloat16}) {
    TensorFile half = tiny_file(tiny());
    for (auto& [name, tensor] : half.tensors) tensor = tensor.to(dtype);
    const auto expected = half.tensors;
    const NativeModel model = parse_native_model(parse_safetensors(serialize_safetensors(half), "half"), "half");
    for (const auto& entry : model.network->named_parameters()) {
      EXPECT_EQ(entry.value().scalar_type(), torch::kFloat32);
      EXPECT_TRUE(torch::equal(entry.value(), expected.at("model." + entry.key()).to(torch::kFloat32))) << entry.key();
    }
  }
}

TEST(NativeModel, AFileOfAnotherKindIsNamed) {
  const test::TempDir folder;
  const std::pair<std::string, const char*> rows[] = {
      {"<!DOCTYPE html>", "web page"},
      {std::string("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\x02", 17), "edm_pickle.py"},
      {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"}};
  for (const auto& [content, words] : rows) {
    write_file_atomically(folder / "m.safetensors", content);
    const auto error = test::error_of([&] { read_native_model(folder / "m.safetensors"); });
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  }
}

// The refusal says what would make the file fit.
TEST(NativeModel, NamesThatDoNotFitAreExplained) {
  const auto message_of = [](const TensorFile& file) {
    return std::string(test::error_of([&] { parse_native_model(file, "m"); })->what());
  };
  const TensorFile good = tiny_file(tiny());
  for (const std::string prefix : {"module.", "_orig_mod.module.", "ema."}) {
    TensorFile file = good;
    file.tensors.clear();
    for (const auto& [name, tensor] : good.tensors) file.tensors[prefix + name] = tensor;
    EXPECT_NE(message_of(file).find("without '" + prefix + "' in front"), std::string::npos) << message_of(file);
  }
  TensorFile bare = good;
  bare.tensors.clear();
  for (const auto& [name, tensor] : good.tensors) bare.tensors[name.substr(6)] = tensor;
  EXPECT_NE(message_of(bare).find("lack 'model.'"), std::string::npos) << message_of(bare);

  ModelConfig ncsnpp = tiny(), deeper = tiny();
  ncsnpp.network.embedding_type = "fourier";
  ncsnpp.network.encoder_type = "residual";
  ncsnpp.network.channel_mult_noise = 2;
  deeper.network.num_blocks = 2;
  TensorFile file = tiny_file(deeper);
  file.metadata = good.metadata;
  EXPECT_NE(message_of(file).find("with num_blocks 2 in the config no tensors differ"), std::string::npos);
  file = tiny_file(ncsnpp);
  file.metadata = good.metadata;
  for (const char* part : {"embedding_type fourier", "encoder_type residual", "channel_mult_noise 2"}) {
    EXPECT_NE(message_of(file).find(part), std::string::npos) << message_of(file);
  }
  ModelConfig local = tiny();
  local.network.innermost_attention = false;
  local.network.normalisation = "none";
  file = tiny_file(local);
  file.metadata = good.metadata;
  for (const char* part : {"innermost_attention false", "normalisation none", "no tensors differ"}) {
    EXPECT_NE(message_of(file).find(part), std::string::npos) << message_of(file);
  }
  file.tensors = {{"a", torch::ones({1})}};
  EXPECT_EQ(message_of(file).find("nearest variant"), std::string::npos);
}

TEST(NativeModel, ParameterCountsAreThePublishedOnes) {
  NetworkConfig cifar;
  cifar.channel_mult = {2, 2, 2};
  cifar.augment_dim = 9;
  NetworkConfig conditional = cifar;
  conditional.label_dim = 10;
  NetworkConfig ncsnpp = cifar;
  ncsnpp.embedding_type = "fourier";
  ncsnpp.encoder_type = "residual";
  ncsnpp.channel_mult_noise = 2;
  ncsnpp.resample_filter = {1, 3, 3, 1};
  NetworkConfig mnist;
  mnist.img_channels = 1;
  mnist.model_channels = 16;
  mnist.channel_mult = {1, 2, 3, 4};
  mnist.num_blocks = 1;
  mnist.attn_resolutions = {0};
  mnist.augment_dim = 9;
  const std::pair<NetworkConfig, int64_t> published[] = {
      {cifar, 55'733'891}, {conditional, 55'735'299}, {ncsnpp, 56'397'827}, {mnist, 1'000'945}};
  for (const auto& [config, count] : published) {
    EXPECT_EQ(parameter_count(*build_network(config, {{}, torch::kMeta}, 1)), count);
  }
}

// Each damage must be refused with exit 3 and named.
TEST(NativeModel, EveryDifferenceIsAnError) {
  const ModelConfig config = tiny();
  const TensorFile whole = tiny_file(config);
  int tried = 0;
  const auto expect_refused = [&](const std::function<void(TensorFile&)>& damage, const std::string& named) {
    TensorFile file = whole;
    damage(file);
    const auto error = test::error_of([&] { parse_native_model(std::move(file), "m.safetensors"); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
    EXPECT_NE(std::string(error->what()).find(named), std::string::npos) << error->what() << " lacks " << named;
    ++tried;
  };
  for (const auto& [key, value] : whole.tensors) {
    const std::string name = key;
    expect_refused([&](TensorFile& f) { f.tensors.erase(name); }, "missing " + name);
    expect_refused([&](TensorFile& f) { f.tensors[name + "x"] = f.tensors[name]; }, "unexpected " + name + "x");
    expect_refused([&](TensorFile& f) { f.tensors[name] = torch::zeros({7, 1, 3}); }, name + " is Float [7,1,3]");
    expect_refused([&](TensorFile& f) { f.tensors[name] = f.tensors[name].to(torch::kFloat64); }, name + " is Double");
    expect_refused([&](TensorFile& f) {
      f.tensors[name] = f.tensors[name].clone();
      f.tensors[name].view({-1})[-1] = std::numeric_limits<float>::quiet_NaN();
    }, name + " holds values that are not finite");
  }
  expect_refused([](TensorFile& f) {
    f.tensors["model.enc.4x4_down.conv0.resample_filter"] = torch::ones({1, 1, 2, 2});
  }, "resample_filter has other values");
  EXPECT_GE(tried, 200);
  EXPECT_NO_THROW(parse_native_model(whole, "m"));
}

TEST(NativeModel, AtMostTwentyDifferencesAreListed) {
  TensorFile file = tiny_file(tiny());
  const size_t count = file.tensors.size();
  file.tensors.clear();
  const auto error = test::error_of([&] { parse_native_model(std::move(file), "m"); });
  ASSERT_TRUE(error);
  const std::string text = error->what();
  size_t listed = 0;
  for (size_t at = text.find("missing "); at != std::string::npos; at = text.find("missing ", at + 1)) ++listed;
  EXPECT_EQ(listed, 20u);
  EXPECT_NE(text.find("and " + std::to_string(count - 20) + " more"), std::string::npos) << text;
}

TEST(NativeModel, HostileConfigsAreRefused) {
  const TensorFile whole = tiny_file(tiny());
  const std::pair<const char*, const char*> hostile[] = {
      {"{", "no valid JSON"},
      {"[]", "JSON object"},
      {R"({"img_resolutoin": 8})", "img_resolution"},
      {R"({"model_channels": 1e30})", "model_channels"},
      {R"({"model_channels": -8})", "model_channels"},
      {R"({"model_channels": 9, "model_type": "SongUNet"})", "model_channels"},
      {R"({"channel_mult": []})", "channel_mult"},
      {R"({"channel_mult": [1,1,1,1,1,1,1,1,1,1,1,1]})", "channel_mult"},
      {R"({"channel_mult": "1,2"})", "channel_mult"},
      {R"({"img_resolution": 10, "channel_mult": [1,2,3]})", "img_resolution"},
      {R"({"img_resolution": [8, 10], "channel_mult": [1,2,3]})", "img_resolution"},
      {R"({"img_resolution": [8]})", "img_resolution"},
      {R"({"img_resolution": [8, 8, 8]})", "img_resolution"},
      {R"({"img_resolution": [8, "8"]})", "img_resolution"},
      {R"({"img_resolution": [8, 1e9]})", "img_resolution"},
      {R"({"model_type": "VisionTransformer"})", "model_type"},
      {R"({"model_type": "SongUNet", "resample_filter": [1,-1]})", "resample_filter"},
      {R"({"model_type": "SongUNet", "resample_filter": [1,2,1]})", "resample_filter"},
      {R"({"dropout": 1.5})", "dropout"},
      {R"({"innermost_attention": 0})", "innermost_attention must be true or false"},
      {R"({"innermost_attention": "false"})", "innermost_attention must be true or false"},
      {R"({"normalisation": "batch"})", "normalisation"},
      {R"({"normalisation": false})", "normalisation must be one of group, none"},
      {R"({"normalization": "none"})", "normalisation"},
      {R"({"model_type": "PointMlp", "normalisation": "none"})", "normalisation"},
      {R"({"sigma_min": 5, "sigma_max": 1})", "sigma_min"},
      {R"({"model_channels": 8192, "channel_mult": [64], "num_blocks": 64, "model_type": "SongUNet"})", "missing"},
  };
  for (const auto& [text, named] : hostile) {
    TensorFile file = whole;
    file.metadata["config"] = text;
    const auto error = test::error_of([&] { parse_native_model(std::move(file), "m.safetensors"); });
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << text;
    EXPECT_NE(std::string(error->what()).find(named), std::string::npos) << text << " -> " << error->what();
  }
  TensorFile file = whole;
  file.metadata["precond"] = "XPrecond";
  EXPECT_EQ(test::error_of([&] { parse_native_model(std::move(file), "m"); })->code(), ExitCode::kBadFile);
}

}  // namespace
}  // namespace farfield

// The building blocks against the reference implementation's stored outputs, in float64.
#include <cmath>

#include "core/io/npz.h"
#include "models/networks/unet_blocks.h"
#include "tests/models/networks/golden_networks.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using nlohmann::json;
using torch::Tensor;

const WeightSource kEmpty;

Resample resample_of(const json& options) {
  if (options.value("up", false)) return Resample::kUp;
  return options.value("down", false) ? Resample::kDown : Resample::kNone;
}

UNetBlockOptions block_options(const json& options) {
  UNetBlockOptions result;
  result.in_channels = options.at("in_channels");
  result.out_channels = options.at("out_channels");
  result.emb_channels = options.at("emb_channels");
  result.resample = resample_of(options);
  if (options.value("attention", false)) {
    const bool given = options.contains("num_heads") && !options["num_heads"].is_null();
    result.num_heads = given ? options["num_heads"].get<int64_t>()
                             : result.out_channels / options.value("channels_per_head", int64_t{64});
  }
  result.skip_scale = options.value("skip_scale", 1.0);
  result.eps = options.value("eps", 1e-5);
  result.resample_filter = options.value("resample_filter", std::vector<double>{1, 1});
  result.resample_proj = options.value("resample_proj", false);
  result.adaptive_scale = options.value("adaptive_scale", true);
  return result;
}

// Fills a block's parameters from the file; every tensor of the file under `id` must be used.
void load(torch::nn::Module& module, const TensorFile& file, const std::string& id) {
  size_t used = 0;
  const auto fill = [&](const auto& entries) {
    for (const auto& entry : entries) {
      Tensor target = entry.value();
      target.set_data(file.tensors.at(id + "." + entry.key()));
      ++used;
    }
  };
  fill(module.named_parameters());
  fill(module.named_buffers());
  size_t expected = 0;
  for (const auto& [name, tensor] : file.tensors) expected += name.starts_with(id + ".") ? 1 : 0;
  EXPECT_EQ(used, expected);
  module.to(torch::kFloat64);
}

Tensor output_of(const json& entry, const TensorFile& file, const Tensor& x, const Tensor& emb) {
  const std::string id = entry.at("id"), kind = entry.at("cls");
  const json& options = entry.at("kwargs");
  if (kind == "UNetBlock") {
    UNetBlock block(block_options(options), kEmpty);
    load(block, file, id);
    return block.forward(x, emb, nullptr);
  }
  if (kind == "Conv2d") {
    Conv2d conv({options.at("in_channels"), options.at("out_channels"), options.at("kernel"), resample_of(options),
                 options.value("resample_filter", std::vector<double>{1, 1}), options.value("fused_resample", false)},
                {}, kEmpty);
    load(conv, file, id);
    return conv.forward(x);
  }
  if (kind == "GroupNorm") {
    GroupNorm norm(options.at("num_channels"), options.value("eps", 1e-5), kEmpty);
    load(norm, file, id);
    return norm.forward(x);
  }
  if (kind == "FourierEmbedding") {
    FourierEmbedding embedding(options.at("num_channels"), kEmpty);
    load(embedding, file, id);
    return embedding.forward(x);
  }
  if (kind == "PositionalEmbedding") {
    return positional_embedding(x, options.at("num_channels"), options.value("endpoint", false),
                                options.value("max_positions", int64_t{10000}));
  }
  throw std::runtime_error("no such block: " + kind);
}

TEST(UNetBlocksGolden, GoldenBlocksAgreeInFloat64) {
  const auto golden = test::golden_dir();
  if (!golden) GTEST_SKIP() << "no golden folder";
  torch::NoGradGuard no_grad;
  const TensorFile file = read_safetensors(*golden / "networks" / "blocks.safetensors");
  const auto io = read_npz(*golden / "networks" / "blocks.io.npz");
  double worst = 0;
  int cases = 0;
  const json index = test::network_index(*golden);
  for (const json& entry : index.at("blocks")) {
    const std::string id = entry.at("id");
    SCOPED_TRACE(id);
    const Tensor emb = io.contains(id + ".emb") ? io.at(id + ".emb") : Tensor();
    const Tensor y = output_of(entry, file, io.at(id + ".x"), emb);
    const double deviation = test::relative_deviation(y, io.at(id + ".y"));
    EXPECT_LE(deviation, 1e-9);
    worst = std::max(worst, deviation);
    ++cases;
  }
  EXPECT_GT(cases, 0);
  std::cout << cases << " blocks; largest relative deviation " << worst << "\n";
}

}  // namespace
}  // namespace farfield

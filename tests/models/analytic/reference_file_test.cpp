#include "models/analytic/reference_file.h"

#include "core/io/file.h"
#include "tests/models/analytic/analytic_cases.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

GaussianStats gaussian_stats() {
  const auto basis = std::get<0>(at::linalg_qr(test::normals({6, 3}, 1))).contiguous();
  return {test::normals({6}, 2), basis, torch::tensor({0.5, 0.25, 0.0}, torch::kFloat64), 0.1 + 0.2, 77};
}

Reference mixture_reference() {
  auto stats = to_mixture(gaussian_stats());
  stats.counts.fill_(5);
  return {stats, {1, 2, 3}, "glyphs,count=5", "abc"};
}

Reference gaussian_reference() { return {gaussian_stats(), {6}, "a \"quoted\" name", "def"}; }

TEST(ReferenceFile, RoundTripsBitForBit) {
  const test::TempDir folder;
  const auto gaussian = gaussian_reference();
  write_reference(folder / "g.safetensors", gaussian);
  const auto back = read_reference(folder / "g.safetensors");
  const auto& a = std::get<GaussianStats>(gaussian.stats);
  const auto& b = std::get<GaussianStats>(back.stats);
  EXPECT_TRUE(a.mean.equal(b.mean) && a.basis.equal(b.basis) && a.eigenvalues.equal(b.eigenvalues));
  EXPECT_EQ(a.tail, b.tail);
  EXPECT_EQ(a.count, b.count);
  EXPECT_EQ(back.source, gaussian.source);
  EXPECT_EQ(back.fingerprint, gaussian.fingerprint);
  EXPECT_EQ(back.sample_shape, gaussian.sample_shape);

  const auto mixture = mixture_reference();
  const auto hash = write_reference(folder / "m.safetensors", mixture);
  EXPECT_EQ(hash, sha256_file(folder / "m.safetensors"));
  const auto& c = std::get<MixtureStats>(mixture.stats);
  const auto d = std::get<MixtureStats>(read_reference(folder / "m.safetensors").stats);
  EXPECT_TRUE(c.weights.equal(d.weights) && c.means.equal(d.means) && c.bases.equal(d.bases) &&
              c.eigenvalues.equal(d.eigenvalues) && c.tails.equal(d.tails) && c.counts.equal(d.counts));
  // The same content gives the same file.
  EXPECT_EQ(write_reference(folder / "again.safetensors", mixture), hash);
}

TEST(ReferenceFile, GivesTheDenoiserItWasMadeFrom) {
  const test::TempDir folder;
  write_reference(folder / "m.safetensors", mixture_reference());
  write_reference(folder / "g.safetensors", gaussian_reference());
  const auto x = test::normals({4, 6}, 3);
  const auto mixture = make_denoiser(read_reference(folder / "m.safetensors"));
  const auto gaussian = make_denoiser(read_reference(folder / "g.safetensors"));
  EXPECT_LE(test::deviation((*mixture)(x.view({4, 1, 2, 3}), 0.3).view({4, 6}), (*gaussian)(x, 0.3)), 1e-13);
  EXPECT_EQ(read_gaussian(folder / "g.safetensors").count, 77);
  EXPECT_EQ(test::error_of([&] { read_gaussian(folder / "m.safetensors"); })->code(), ExitCode::kUsage);
}

TEST(ReferenceFile, EveryWrongEntryIsNamed) {
  const test::TempDir folder;
  write_reference(folder / "m.safetensors", mixture_reference());
  const auto good = read_safetensors(folder / "m.safetensors");
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  using Change = std::function<void(TensorFile&)>;
  const std::vector<std::pair<std::string, Change>> changes = {
      {"'weights' is missing", [](auto& file) { file.tensors.erase("weights"); }},
      {"'bases' is Float", [](auto& file) { file.tensors["bases"] = file.tensors["bases"].to(torch::kFloat32); }},
      {"7 tensors", [](auto& file) { file.tensors["more"] = torch::zeros({1}); }},
      {"unknown metadata 'more'", [](auto& file) { file.metadata["more"] = "x"; }},
      {"lacks 'source'", [](auto& file) { file.metadata.erase("source"); }},
      {"not a fitted reference", [](auto& file) { file.metadata["format"] = "farfield reference 9"; }},
      {"'kind' is 'delta'", [](auto& file) { file.metadata["kind"] = "delta"; }},
      {"sample_shape", [](auto& file) { file.metadata["sample_shape"] = "[1,2]"; }},
      {"sample_shape", [](auto& file) { file.metadata["sample_shape"] = "[1000000,1000000,1000000,1000000,1000000]"; }},
      {"sample_shape", [](auto& file) { file.metadata["sample_shape"] = "[-6]"; }},
      {"sample_shape", [](auto& file) { file.metadata["sample_shape"] = "[6"; }},
      {"means", [&](auto& file) { file.tensors["means"].fill_(nan); }},
      {"means", [&](auto& file) { file.tensors["means"].fill_(1e300); }},
      {"eigenvalues", [](auto& file) { file.tensors["eigenvalues"][0][0] = -1; }},
      {"tails", [](auto& file) { file.tensors["tails"] = torch::zeros({2}, torch::kFloat64); }},
      {"weights sum", [](auto& file) { file.tensors["weights"].fill_(0.5); }},
      {"counts", [](auto& file) { file.tensors["counts"] = torch::zeros({2}, torch::kInt64); }},
      {"bases", [](auto& file) { file.tensors["bases"] = torch::zeros({1, 0, 6}, torch::kFloat64); }},
  };
  for (const auto& [fragment, change] : changes) {
    TensorFile file = good;
    for (auto& [name, tensor] : file.tensors) tensor = tensor.clone();
    change(file);
    const auto error = test::error_of([&] { parse_reference(file, "m.safetensors"); });
    ASSERT_TRUE(error) << fragment;
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << fragment;
    EXPECT_NE(std::string(error->what()).find(fragment), std::string::npos) << error->what();
    EXPECT_NE(std::string(error->what()).find("m.safetensors"), std::string::npos) << error->what();
  }
}

}  // namespace
}  // namespace farfield

// TorchScript modules, made here, as denoisers; and what must be refused.
#include <fstream>
#include <sstream>

#include <torch/csrc/jit/api/module.h>

#include "core/io/file.h"
#include "core/math/random.h"
#include "models/registry/model_registry.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

void save_module(const std::filesystem::path& path, const std::string& source) {
  torch::jit::Module module("M");
  module.register_parameter("scale", torch::full({1}, 0.5f), false);
  module.define(source);
  std::ostringstream stream;
  module.save(stream);
  write_file_atomically(path, stream.str());
}

// D of N(0, I / 4): sigma_data 0.5. With c_skip of EDM the raw network is zero.
constexpr const char* kDenoiser = R"(
def forward(self, x, sigma):
    s = sigma.reshape([-1, 1, 1, 1])
    return x * 0.25 / (0.25 + s * s)
)";
constexpr const char* kRaw = R"(
def forward(self, x, noise):
    return x * 0.0
)";
constexpr const char* kLabelled = R"(
def forward(self, x, sigma, labels):
    return x * 0.0 + labels.sum(1).reshape([-1, 1, 1, 1])
)";

std::unique_ptr<Denoiser> open(const std::filesystem::path& path, const std::string& words, bool trust = true) {
  ModelOptions options;
  options.device = "cpu";
  options.trust = trust;
  return open_model(path.string() + "," + words, options);
}

TEST(ImportedModel, BothConventionsGiveTheSameDenoiser) {
  const test::TempDir folder;
  save_module(folder / "d.pt", kDenoiser);
  save_module(folder / "f.pt", kRaw);
  const auto whole = open(folder / "d.pt", "convention=denoiser,shape=3x4x4");
  const auto raw = open(folder / "f.pt", "convention=raw,shape=3x4x4,precond=edm,sigma_data=0.5");
  const torch::Tensor x = torch::randn({5, 3, 4, 4}, keyed_generator({1}), torch::kFloat64);
  for (const double sigma : {0.002, 0.5, 80.0}) {
    const torch::Tensor expected = x * (0.25 / (0.25 + sigma * sigma));
    EXPECT_EQ((*whole)(x, sigma).scalar_type(), torch::kFloat64);
    EXPECT_LE(test::relative_deviation((*whole)(x, sigma), expected), 1e-6);
    EXPECT_LE(test::relative_deviation((*raw)(x, sigma), expected), 1e-6);
    EXPECT_LE(test::relative_deviation((*whole)(x.narrow(0, 2, 1), sigma), expected.narrow(0, 2, 1)), 1e-6);
  }
}

TEST(ImportedModel, LabelsAreTheThirdArgument) {
  const test::TempDir folder;
  save_module(folder / "l.pt", kLabelled);
  const auto denoiser = open(folder / "l.pt", "convention=denoiser,shape=1x2x2,labels=10");
  const torch::Tensor x = torch::zeros({3, 1, 2, 2});
  EXPECT_TRUE(torch::equal((*denoiser)(x, 1.0), x));
  EXPECT_TRUE(torch::equal((*denoiser)(x, 1.0, torch::ones({3, 10})), x + 10));
}

TEST(ImportedModel, CodeIsNotRunWithoutConsent) {
  const test::TempDir folder;
  const auto path = folder / "d.pt";
  save_module(path, kDenoiser);
  const std::string words = "convention=denoiser,shape=3x4x4";
  const std::string hash = sha256_file(path);
  const auto code = [&](const std::string& more, bool trust) {
    return test::error_of([&] { open(path, words + more, trust); })->code();
  };
  EXPECT_EQ(code("", false), ExitCode::kTrust);
  EXPECT_EQ(code(",sha256=" + std::string(64, 'a'), false), ExitCode::kTrust);
  EXPECT_EQ(code(",sha256=" + std::string(64, 'a'), true), ExitCode::kTrust);
  EXPECT_NO_THROW(open(path, words + ",sha256=" + hash, false));
  EXPECT_NO_THROW(open(path, words, true));
  write_file_atomically(folder / "d.pt.sha256", std::string(64, 'b') + "  d.pt\n");
  EXPECT_EQ(code("", true), ExitCode::kTrust);
  write_file_atomically(folder / "d.pt.sha256", hash + "  d.pt\n");
  EXPECT_NO_THROW(open(path, words, true));
}

// Damaged files end in an error of the right kind, never in a crash, and with a hash beside them before any parsing.
TEST(ImportedModel, DamagedFilesAreErrors) {
  const test::TempDir folder;
  const auto path = folder / "d.pt";
  save_module(path, kDenoiser);
  const std::string whole = read_file(path, 1 << 24), hash = sha256_file(path);
  SampleRandom random(5);
  int refused = 0;
  for (int mutant = 0; mutant < 60; ++mutant) {
    std::string bytes = whole;
    if (mutant % 3 == 0)
      bytes.resize(static_cast<size_t>(random.integer(static_cast<int64_t>(bytes.size()))));
    else
      for (int i = 0; i < 8; ++i) bytes[random.integer(bytes.size())] = static_cast<char>(random.integer(256));
    write_file_atomically(path, bytes);
    const std::string words = "convention=denoiser,shape=3x4x4";
    EXPECT_EQ(test::error_of([&] { open(path, words + ",sha256=" + hash); })->code(), ExitCode::kTrust);
    try {  // some mutants only touch padding and still load
      const auto denoiser = open(path, words);
      (*denoiser)(torch::zeros({1, 3, 4, 4}), 1.0);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ExitCode::kBadFile || error.code() == ExitCode::kNumeric) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 20);
}

TEST(ImportedModel, MistakesInTheOptionsAreNamed) {
  const test::TempDir folder;
  save_module(folder / "d.pt", kDenoiser);
  const std::pair<const char*, const char*> rows[] = {
      {"shape=3x4x4", "convention"},
      {"convention=denoiser", "shape"},
      {"convention=both,shape=3x4x4", "convention"},
      {"convention=denoiser,shape=3x4", "shape"},
      {"convention=denoiser,shape=3x4x4,lables=3", "labels"},
      {"convention=raw,shape=3x4x4,precond=edn", "edm"},
      {"convention=raw,shape=3x4x4,sigma_data=-1", "sigma_data"},
      {"convention=denoiser,shape=3x4x4,sigma_min=3,sigma_max=2", "sigma_min"},
  };
  for (const auto& [words, named] : rows) {
    const auto error = test::error_of([&] { open(folder / "d.pt", words); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kUsage) << words;
    EXPECT_NE(std::string(error->what()).find(named), std::string::npos) << error->what();
  }
  const auto wrong_call = open(folder / "d.pt", "convention=denoiser,shape=3x4x4,labels=2");
  EXPECT_EQ(test::error_of([&] { (*wrong_call)(torch::zeros({1, 3, 4, 4}), 1.0); })->code(), ExitCode::kBadFile);
}

}  // namespace
}  // namespace farfield

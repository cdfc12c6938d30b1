// A .pt2 package, exported and compiled here by Python's torch, as a denoiser.
#include "core/io/file.h"
#include "core/math/random.h"
#include "models/registry/model_registry.h"
#include "tests/support/process.h"
#include "tests/support/python.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

// D of N(0, I / 4) for every batch size.
constexpr const char* kExport = R"(
import sys, torch

class D(torch.nn.Module):
    def forward(self, x, sigma):
        return x * 0.25 / (0.25 + sigma.reshape(-1, 1, 1, 1) ** 2)

batch = torch.export.Dim("batch", min=1, max=64)
program = torch.export.export(D(), (torch.zeros(4, 1, 2, 2), torch.ones(4)), dynamic_shapes=({0: batch}, {0: batch}))
torch._inductor.aoti_compile_and_package(program, package_path=sys.argv[1])
)";

TEST(Package, APackageIsADenoiserOnceTrusted) {
  const std::string python = test::python_interpreter();
  if (python.empty()) GTEST_SKIP() << "no python with torch (scripts/setup)";
  const test::TempDir folder;
  const auto path = folder / "d.pt2";
  const auto made = test::run_program({python, "-c", kExport, path.string()},
                                      {"TORCHINDUCTOR_COMPILE_THREADS=1",
                                       "TORCHINDUCTOR_CACHE_DIR=" + (folder / "cache").string()});
  if (made.exit_code != 0) GTEST_SKIP() << "this python cannot make .pt2 packages: " << made.err;

  ModelOptions options;
  options.device = "cpu";
  const std::string words = path.string() + ",convention=denoiser,shape=1x2x2";
  EXPECT_EQ(test::error_of([&] { open_model(words, options); })->code(), ExitCode::kTrust);
  const auto denoiser = open_model(words + ",sha256=" + sha256_file(path), options);
  for (const int64_t batch : {1, 3, 16}) {
    const torch::Tensor x = torch::randn({batch, 1, 2, 2}, keyed_generator({1}), torch::kFloat64);
    EXPECT_LE(test::relative_deviation((*denoiser)(x, 0.5), x / 2), 1e-6);
  }

  options.trust = true;
  write_file_atomically(path, read_file(path, 1 << 26).substr(0, 1000));
  EXPECT_EQ(test::error_of([&] { open_model(words, options); })->code(), ExitCode::kBadFile);
}

}  // namespace
}  // namespace farfield

// A .pt2 package, exported and compiled here by Python's torch, as a denoiser.
#include <cstdlib>

#include "core/io/file.h"
#include "core/io/zip_writer.h"
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

// A package of these members, with `from` written as `to` (of the same length) in the names.
std::string package_bytes(const std::vector<std::string>& names, const std::string& from, const std::string& to) {
  ZipWriter zip;
  for (const auto& name : names) zip.add(name, {"content"});
  std::string bytes = zip.finish();
  for (size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + to.size())) {
    bytes.replace(at, from.size(), to);
  }
  return bytes;
}

// Temporary files go into a folder of the test's own, which each test finds empty at its end.
class UnsafePackage : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* before = std::getenv("TMPDIR")) before_ = before;
    setenv("TMPDIR", temporary_.path().c_str(), 1);
  }
  void TearDown() override {
    EXPECT_EQ(std::getenv("TMPDIR"), temporary_.path().string());
    if (before_)
      setenv("TMPDIR", before_->c_str(), 1);
    else
      unsetenv("TMPDIR");
  }
  // The refusal of a package with this content.
  std::string refusal_of(const std::string& bytes) {
    write_file_atomically(path_, bytes);
    ModelOptions options;
    options.device = "cpu";
    options.trust = true;
    const auto error = test::error_of([&] { open_model(path_.string() + ",convention=raw,shape=2", options); });
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << error->what();
    EXPECT_TRUE(std::string(error->what()).starts_with(path_.string() + ": ")) << error->what();
    EXPECT_TRUE(std::filesystem::is_empty(temporary_.path())) << error->what();
    return error->what();
  }

  test::TempDir folder_, temporary_;
  const std::filesystem::path path_ = folder_ / "p.pt2";
  std::optional<std::string> before_;
};

TEST_F(UnsafePackage, NothingIsWrittenOutsideAndNothingStays) {
  const std::string inside = "data/aotinductor/model/";
  const std::tuple<std::string, std::string, std::string, const char*> rows[] = {
      {inside + "AA/AA/AA/AA/AA/evil", "AA/", "../", "unsafe name"},
      {"AA/AA/evil", "AA/", "../", "unsafe name"},
      {"Atmp/evil", "Atmp", "/tmp", "unsafe name"},
      {inside + "AAevil", "AA", "\\.", "unsafe name"},
      {inside + "B", inside + "B", inside + "a", "twice"},
      {inside + "model.so", "none", "none", "no AOTInductor package"},
  };
  for (const auto& [name, from, to, words] : rows) {
    const std::string message = refusal_of(package_bytes({inside + "a", name}, from, to));
    EXPECT_NE(message.find(words), std::string::npos) << message;
  }
}

TEST_F(UnsafePackage, ACrashWhileItIsLoadedIsTheTrialsAlone) {
  write_file_atomically(folder_ / "a.c",
                        "__attribute__((constructor)) static void start(void) { __builtin_trap(); }\n");
  const std::string library = (folder_ / "a.so").string();
  const auto made = test::run_program({"cc", "-shared", "-fPIC", "-o", library, (folder_ / "a.c").string()});
  if (made.exit_code != 0) GTEST_SKIP() << "no C compiler (scripts/setup): " << made.err;
  const std::string code = read_file(library, 1 << 20);
  ZipWriter zip;
  zip.add("m/data/aotinductor/model/a.wrapper.so", {code});
  zip.add("m/data/aotinductor/model/a.wrapper_metadata.json", {R"({"AOTI_DEVICE_KEY": "cpu"})"});
  zip.add("m/archive_format", {"pt2"});
  zip.add("m/archive_version", {"0"});
  zip.add("m/byteorder", {"little"});
  zip.add("m/.data/version", {"1\n"});
  const std::string message = refusal_of(zip.finish());
  EXPECT_NE(message.find("crashed (signal 4"), std::string::npos) << message;
}

TEST(Package, APackageIsADenoiserOnceTrusted) {
  const std::string python = test::python_interpreter();
  if (python.empty()) GTEST_SKIP() << "no python with torch (scripts/setup)";
  const test::TempDir folder;
  const auto path = folder / "d.pt2";
  const auto made = test::run_program(
      {python, "-c", kExport, path.string()},
      {"TORCHINDUCTOR_COMPILE_THREADS=1", "TORCHINDUCTOR_CACHE_DIR=" + (folder / "cache").string()});
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

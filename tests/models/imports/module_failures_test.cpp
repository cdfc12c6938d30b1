// Foreign modules that fail, hang, crash or return what is no result: named, with their own words.
#include <sstream>

#include <torch/csrc/jit/api/module.h>

#include "core/io/file.h"
#include "core/io/zip.h"
#include "core/io/zip_writer.h"
#include "models/imports/module_tensors.h"
#include "models/imports/trial.h"
#include "models/registry/model_registry.h"
#include "tests/support/mutants.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

std::string module_bytes(const std::string& body, const torch::Tensor& weight = torch::full({1}, 0.5f),
                         const std::string& arguments = "x, sigma") {
  torch::jit::Module module("M");
  module.register_parameter("w", weight, false);
  module.define("def forward(self, " + arguments + "):\n" + body);
  std::ostringstream stream;
  module.save(stream);
  return stream.str();
}

std::unique_ptr<Denoiser> open_module(const std::filesystem::path& path, const std::string& words) {
  ModelOptions options;
  options.device = "cpu";
  options.trust = true;
  return open_model(path.string() + ",shape=1x8x8," + words, options);
}

// The message of opening the module and evaluating it on five samples; "" when that succeeds.
std::string failure_of(const std::filesystem::path& path, const std::string& words = "convention=denoiser") {
  try {
    const auto denoiser = open_module(path, words);
    (*denoiser)(torch::ones({5, 1, 8, 8}), 2.0);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadFile) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    EXPECT_LT(std::string(error.what()).size(), 1200u) << error.what();
    return error.what();
  }
}

struct BadModule {
  const char* body;
  std::vector<const char*> words;
};

const std::vector<BadModule>& bad_modules() {
  static const std::vector<BadModule> kRows = {
      {"    return x.to_sparse()\n", {"Sparse", "expected dense floating point [5,1,8,8]"}},
      {"    return x.to_mkldnn()\n", {"Mkldnn"}},
      {"    return torch.complex(x, x)\n", {"ComplexFloat"}},
      {"    return x.long()\n", {"Long"}},
      {"    return x > 0\n", {"Bool"}},
      {"    x.resize_([1])\n    return x\n", {"its result is [1]"}},
      {"    return x.reshape([-1, 64])\n", {"[5,64]"}},
      {"    return x[0]\n", {"[1,8,8]"}},
      {"    return torch.cat([x, x], 1)\n", {"[5,2,8,8]", "precond=iddpm"}},
      {"    return torch.empty_like(x, device='meta')\n", {"meta"}},
      {"    return x * float('nan')\n", {"320 of 320 values", "NaN", "convention=raw"}},
      {"    return x / (sigma.reshape([-1, 1, 1, 1]) - 2.0) ** 2\n", {"infinite", "level 2"}},
      {"    return x, x\n", {"Tuple[Tensor, Tensor]"}},
      {"    return 3\n", {"int"}},
      {"    return None\n", {"None"}},
      {"    assert x.numel() < 0, 'I refuse\\nthis'\n    return x\n", {"I refuse this", "line 2, in forward"}},
      {"    return x / (1 + sigma ** 2)\n", {"must match the size", "sigma.reshape(-1, 1, 1, 1)"}},
      {"    return torch.conv2d(x, self.w[0].half().reshape([1, 1, 1, 1]))\n", {"Half", "works in float16"}},
      {"    return x * self.w[sigma].reshape([-1, 1, 1, 1])\n", {"whole-number times", "precond=iddpm"}},
      {"    return x.reshape([2, 1, 8, 8])\n", {"invalid for input of size", "a batch of 2, not 5"}},
      {"    return x * float(sigma)\n", {"one number for sigma"}},
  };
  return kRows;
}

TEST(ModuleFailures, AreNamedWithTheModulesWords) {
  const test::TempDir folder;
  for (const BadModule& row : bad_modules()) {
    write_file_atomically(folder / "m.pt", module_bytes(row.body, torch::ones({8})));
    const std::string message = failure_of(folder / "m.pt");
    EXPECT_TRUE(message.starts_with((folder / "m.pt").string() + ": the module: ")) << row.body << message;
    for (const char* word : row.words) EXPECT_NE(message.find(word), std::string::npos) << row.body << message;
  }
}

TEST(ModuleFailures, TheNumberOfArgumentsIsAdvised) {
  const test::TempDir folder;
  write_file_atomically(folder / "m.pt", module_bytes("    return x\n", torch::ones({1}), "x, sigma, labels"));
  EXPECT_NE(failure_of(folder / "m.pt").find("labels=K"), std::string::npos);
  EXPECT_EQ(failure_of(folder / "m.pt", "convention=denoiser,labels=3"), "");
  write_file_atomically(folder / "m.pt", module_bytes("    return x\n"));
  EXPECT_NE(failure_of(folder / "m.pt", "convention=denoiser,labels=3").find("leave labels= out"), std::string::npos);
  write_file_atomically(folder / "m.pt", module_bytes("    return x\n", torch::ones({1}), "x"));
  EXPECT_NE(failure_of(folder / "m.pt").find("fewer arguments"), std::string::npos);
}

TEST(ModuleFailures, WhatAModulePrintsIsAMessage) {
  const test::TempDir folder;
  write_file_atomically(folder / "m.pt", module_bytes("    print('\\033[2J', x.size(0))\n    return x\n"));
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(failure_of(folder / "m.pt"), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("[2J 5"), std::string::npos) << said;
  EXPECT_EQ(said.find('\x1b'), std::string::npos);
}

// What it does to its inputs and to its own buffers afterwards is its own affair.
TEST(ModuleFailures, InputsAndResultsAreCopies) {
  const test::TempDir folder;
  write_file_atomically(folder / "m.pt", module_bytes("    x.mul_(0)\n    sigma.mul_(0)\n    return self.w\n",
                                                      torch::full({1, 1, 8, 8}, 0.25f)));
  const auto denoiser = open_module(folder / "m.pt", "convention=denoiser");
  const torch::Tensor x = torch::ones({1, 1, 8, 8}), sigma = torch::full({1}, 2.0);
  const torch::Tensor first = (*denoiser)(x, sigma);
  first.fill_(7);
  EXPECT_TRUE(torch::equal(x, torch::ones({1, 1, 8, 8})));
  EXPECT_EQ(sigma.item<double>(), 2.0);
  EXPECT_TRUE(torch::equal((*denoiser)(x, sigma), torch::full({1, 1, 8, 8}, 0.25f)));
}

TEST(ModuleFailures, AModuleThatNeverReturnsIsStopped) {
  const test::TempDir folder;
  write_file_atomically(folder / "m.pt", module_bytes("    while True:\n        x = x * 1.0\n    return x\n"));
  const std::string message = failure_of(folder / "m.pt", "convention=denoiser,time_limit=0.3");
  EXPECT_NE(message.find("took more than 0.3 s"), std::string::npos) << message;
  EXPECT_NE(message.find("time_limit"), std::string::npos) << message;
  for (const char* limit : {"-1", "nan", "1e9"}) {
    const std::string words = std::string("convention=denoiser,time_limit=") + limit;
    const auto error = test::error_of([&] { open_module(folder / "m.pt", words); });
    EXPECT_EQ(error->code(), ExitCode::kUsage) << error->what();
  }
}

TEST(Trial, SaysHowAChildEnded) {
  EXPECT_EQ(try_in_child(5, [] { return std::string("word"); }).said, "word");
  EXPECT_EQ(try_in_child(5, [] { return std::string(10'000, 'a'); }).said.size(), 4095u);
  EXPECT_EQ(try_in_child(5, []() -> std::string { throw std::runtime_error("left to the real attempt"); }).fault, "");
  EXPECT_NE(try_in_child(5, []() -> std::string { std::abort(); }).fault.find("signal 6"), std::string::npos);
  EXPECT_NE(try_in_child(5, []() -> std::string { _exit(9); }).fault.find("exit code 9"), std::string::npos);
  EXPECT_NE(try_in_child(0.1,
                         []() -> std::string {
    for (;;) pause();
  }).fault.find("0.1 s"),
            std::string::npos);
}

TEST(ModuleTensors, MustLieWithinTheirStorage) {
  const auto module_with = [](const torch::Tensor& tensor) {
    torch::jit::Module module("M");
    module.register_buffer("b", tensor);
    return module;
  };
  EXPECT_NO_THROW(check_tensors(module_with(torch::arange(12.0).as_strided({2, 3}, {6, 2}, 1))));
  EXPECT_NO_THROW(check_tensors(module_with(torch::empty({0, 4}))));
  torch::Tensor cut = torch::zeros({64});
  cut.storage().unsafeGetStorageImpl()->set_nbytes(4);
  EXPECT_THROW(check_tensors(module_with(cut)), std::runtime_error);
}

// A damaged file whose checksums are right: every member in turn. None may take this process with it.
TEST(ModuleFailures, DamagedMembersNeverEndTheProcess) {
  const test::TempDir folder;
  const auto path = folder / "m.pt";
  write_file_atomically(path, module_bytes("    w = self.w + torch.tensor([1.0, 2.0])\n"
                                           "    return x / (1 + sigma.reshape([-1, 1, 1, 1]) ** 2) * w[0]\n"));
  std::map<std::string, std::string> members;
  {
    const ZipReader zip(path);
    for (const auto& name : zip.names()) members[name] = zip.read(name);
  }
  int refused = 0, taken = 0;
  const auto use = [&](const std::map<std::string, std::string>& content) {
    ZipWriter zip;
    for (const auto& [name, bytes] : content) zip.add(name, {bytes});
    write_file_atomically(path, zip.finish());
    try {
      const auto denoiser = open_module(path, "convention=denoiser,time_limit=10");
      (*denoiser)(torch::zeros({2, 1, 8, 8}), 1.0);
      ++taken;
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ExitCode::kBadFile || error.code() == ExitCode::kMemory) << error.what();
      ++refused;
    }
  };
  use(members);
  ASSERT_EQ(taken, 1);
  for (const auto& [name, bytes] : members) {
    const bool telling = name.ends_with(".pkl") || name.find("/data") != std::string::npos || name.ends_with(".py");
    auto content = members;
    test::for_each_mutant(bytes, telling ? 32 : 8, [&](const std::string& mutant) {
      content[name] = mutant;
      use(content);
    });
    content.erase(name);
    use(content);
  }
  EXPECT_GT(refused, 60);
  EXPECT_GT(refused + taken, 150);
}

}  // namespace
}  // namespace farfield

// tools/convert/edm_pickle.py on a pickle whose classes are the test's own.
#include <cmath>

#include "core/io/file.h"
#include "models/networks/native_model.h"
#include "tests/support/process.h"
#include "tests/support/python.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

const std::string kFolder = FARFIELD_SOURCE_DIR "/tests/tools";
const std::string kConverter = FARFIELD_SOURCE_DIR "/tools/convert/edm_pickle.py";

class EdmPickle : public testing::Test {
 protected:
  void SetUp() override {
    python_ = test::python_interpreter();
    const auto made = test::run_program(
        {python_, "-c", "import edm_pickle_fixture as f; f.write('" + folder_.path().string() + "')"},
        {"PYTHONPATH=" + kFolder, "PYTHONDONTWRITEBYTECODE=1"});
    if (made.err.find("No module named") != std::string::npos || python_.empty()) {
      GTEST_SKIP() << "no python with torch and numpy (scripts/setup): " << made.err;
    }
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  test::ProcessResult convert(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {python_, kConverter});
    return test::run_program(arguments, {"PYTHONDONTWRITEBYTECODE=1"});
  }
  std::string file(const std::string& name) { return (folder_ / name).string(); }

  test::TempDir folder_;
  std::string python_;
};

TEST_F(EdmPickle, ThePickleBecomesANativeFileWithTheSameOutput) {
  const auto run = convert({file("network.pkl"), "--edm-code", kFolder, "--out", file("m.safetensors"), "--farfield",
                            FARFIELD_BINARY, "--check", file("m.io.npz")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find("largest deviation"), std::string::npos) << run.out;
  const NativeModel model = read_native_model(file("m.safetensors"));
  EXPECT_EQ(model.config.network.model_channels, 16);
  EXPECT_EQ(model.config.network.dropout, 0.13);
  EXPECT_TRUE(std::isinf(model.config.sigma_max));
  const auto check = test::run_farfield({"inspect", file("m.safetensors"), "--check", file("m.io.npz")});
  EXPECT_EQ(check.exit_code, 0) << check.err;
}

TEST_F(EdmPickle, AStateDictWithoutPrefixNeedsAConfig) {
  EXPECT_NE(convert({file("state.pth"), "--out", file("m.safetensors")}).exit_code, 0);
  write_file_atomically(file("config.json"),
                        R"({"img_resolution": 8, "img_channels": 3, "label_dim": 4, "model_type": "SongUNet",
                            "model_channels": 16, "channel_mult": [1], "num_blocks": 0, "attn_resolutions": []})");
  const auto run = convert({file("state.pth"), "--config", file("config.json"), "--out", file("m.safetensors")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NO_THROW(read_native_model(file("m.safetensors")));
}

// The rows are in the Python file: one process for all of them.
TEST_F(EdmPickle, StateDictsOfEveryKind) {
  std::filesystem::create_directory(folder_ / "cases");
  const auto run = test::run_program(
      {python_, kFolder + "/state_dict_cases.py", file("cases"), FARFIELD_SOURCE_DIR "/tools/convert", FARFIELD_BINARY},
      {"PYTHONDONTWRITEBYTECODE=1"});
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
}

TEST_F(EdmPickle, AWrongConfigIsNoticedByTheComparison) {
  const std::string fixture = read_file(kFolder + "/edm_pickle_fixture.py", 1 << 20);
  const std::string wrong = "0.25 / total * x + s * 0.5 / total.sqrt() * output";
  const size_t at = fixture.find(wrong);
  ASSERT_NE(at, std::string::npos);
  std::string changed = fixture;
  changed.replace(at, wrong.size(), "0.26 / total * x + s * 0.5 / total.sqrt() * output");
  std::filesystem::create_directory(folder_ / "code");
  write_file_atomically(folder_ / "code/edm_pickle_fixture.py", changed);
  const auto run = convert(
      {file("network.pkl"), "--edm-code", file("code"), "--out", file("m.safetensors"), "--farfield", FARFIELD_BINARY});
  EXPECT_NE(run.exit_code, 0);
  EXPECT_NE(run.err.find("differ"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace farfield

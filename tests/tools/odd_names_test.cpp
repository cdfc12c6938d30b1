// Names are bytes: one folder with every byte that has ever been trouble, as input and output of every command.
#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "core/io/json.h"
#include "core/printable.h"
#include "tests/support/files.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

const std::string kOdd = "-a,b=c: 'd\" #e\n\x1b[2J\\\xff\xEF\xBB\xBF";

using test::text_of;

// UTF-8 without a control character but line ends and tabs.
bool is_plain(const std::string& text) {
  return valid_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
  });
}

class OddNames : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directory(folder / kOdd); }

  test::ProcessResult run(const Arguments& arguments, int expected = 0) {
    const auto result = test::run_farfield(arguments, {"OMP_NUM_THREADS=1"}, folder.path().string());
    std::string words;
    for (const auto& word : arguments) words += printable(word) + " ";
    EXPECT_EQ(result.exit_code, expected) << words << result.err;
    EXPECT_TRUE(is_plain(result.out)) << words << printable(result.out);
    EXPECT_TRUE(is_plain(result.err)) << words << printable(result.err);
    return result;
  }
  // Every text file, and the texts of every PNG.
  void expect_plain_files() {
    const std::set<std::string> texts = {".csv", ".json", ".jsonl", ".html", ".yaml"};
    int seen = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
      const std::string kind = entry.path().extension().string(),
                        text = entry.is_regular_file() ? text_of(entry.path()) : "";
      if (kind == ".png") {
        EXPECT_EQ(text.find("\x1b[2J"), std::string::npos) << entry.path();
      }
      if (!texts.contains(kind)) continue;
      ++seen;
      EXPECT_TRUE(is_plain(text)) << entry.path();
      EXPECT_TRUE(kind != ".json" || !json_or_null(text).is_null()) << entry.path();
    }
    EXPECT_GT(seen, 10);
  }
  std::string in(const std::string& name) const { return kOdd + "/" + name; }

  test::TempDir folder;
};

TEST_F(OddNames, AreInputAndOutputOfEveryCommand) {
  run({"sample", "--model", "delta:glyphs,count=8", "--seeds", "0-7", "--steps", "1", "--out", in("s")});
  const std::string data = in("s/samples.npz");
  const std::string model = "delta:" + data;
  const auto stats = run({"data", "stats", "--json", "./" + data});
  EXPECT_EQ(json_or_null(stats.out)["count"], 8) << stats.out;
  run({"data", "stats", "--", data + ",first=5"});
  run({"fit", "gaussian", "--data", data, "--out", in("g.safetensors"), "--json"});
  run({"inspect", "./" + in("g.safetensors")});
  run({"inspect", "./" + in("s"), "--json"});
  run({"compare", "--model", model, "--data", data, "--references",
       "isotropic," + in("g.safetensors") + "," + model + ",first=4", "--with", in("s"), "--probes", "2", "--sigmas",
       "1", "--seeds", "0", "--steps", "2", "--out", in("c")});
  run({"study", "--model", model, "--gaussian", in("g.safetensors"), "--nfe", "3", "--seeds", "0-1", "--solvers",
       "euler", "--schedules", "polynomial", "--out", in("st")});
  run({"sample", "--model", model, "--solver", "auto", "--nfe", "3", "--study", in("st/study.json"), "--seeds", "0",
       "--out", in("a")});
  run({"schedule", "search", "--model", model, "--nfe", "3", "--seeds", "0-1", "--out", in("g.json"), "--report",
       in("r")});
  run({"sample", "--model", model, "--schedule", "gits:" + in("g.json"), "--steps", "3", "--seeds", "0", "--json",
       "--out", in("a"), "--force"});
  run({"encode", "--model", model, "--data", data, "--steps", "2", "--out", in("e")});
  run({"sample", "--model", model, "--latents", in("e/latents.npz"), "--steps", "2", "--out", in("l"), "--json"});
  run({"interpolate", "--model", model, "--seeds", "0,1", "--steps", "1", "--frames", "2", "--out", in("i")});
  expect_plain_files();
}

TEST_F(OddNames, AreTrainedOnResumedReportedAndSampledFrom) {
  std::ofstream(folder / in("c.yaml"))
      << "network: {model_type: PointMlp, label_dim: 0}\nema: {sigma_rel: [0.1]}\n"
         "run: {images: 16, batch: 8, tick_images: 8, snapshot_images: 8, state_images: 8}\n";
  run({"sample", "--model", "delta:moons,count=16", "--seeds", "0-15", "--steps", "1", "--out", in("s")});
  const std::string source = "data.source=" + in("s/samples.npz");
  const Arguments train = {"train", "--config", in("c.yaml"), "--set", source + ",key=x,labels=no", "--out", in("t")};
  run(train);
  Arguments resume = train;
  resume.insert(resume.end(), {"--set", "run.images=24", "--resume"});
  run(resume);
  // Its own record of the config is one, with the path in quotes.
  run({"train", "--config", in("t/config.yaml"), "--out", in("t2"), "--init", in("t")});
  run({"report", "./" + in("t"), "--out", in("tr")});
  run({"ema", "--run", in("t"), "--sigma-rel", "0.1", "--out", in("ema.safetensors")});
  run({"inspect", "./" + in("t")});
  run({"sample", "--model", in("t"), "--seeds", "0", "--steps", "1", "--out", in("p")});
  expect_plain_files();
}

// Quotes and escapes name the same file as its bytes, and keep it from being replaced.
TEST_F(OddNames, QuotesNameTheSameFile) {
  run({"sample", "--model", "delta:moons,count=8", "--seeds", "0-7", "--steps", "1", "--out", in("s")});
  const std::string quoted = R"("-a,b=c: 'd\" #e\n\x1b[2J\\\xff\xef\xbb\xbf/s/samples.npz")";
  const auto plain = run({"data", "stats", "--json", "--", in("s/samples.npz") + ",first=4"});
  const auto same = run({"data", "stats", "--json", quoted + ",first=4"});
  EXPECT_EQ(json_or_null(plain.out)["fingerprint"], json_or_null(same.out)["fingerprint"]);
  run({"sample", "--model", "delta:" + quoted, "--seeds", "0", "--steps", "1", "--out", in("s"), "--force"}, 2);
  run({"data", "stats", "\"a"}, 2);
}

// What a file says is shown as escapes, and a hostile one fills no screen.
TEST_F(OddNames, MessagesAreEscapedAndShort) {
  const auto expect_short = [](const test::ProcessResult& result) {
    EXPECT_LE(result.err.size(), 4096u);
    EXPECT_LE(std::count(result.err.begin(), result.err.end(), '\n'), 21);
  };
  std::string keys =
      "data: {source: moons}\n\"\\e[2J\\e]0;x\\a\": 1\n\"\xEF\xBB\xBF"
      "run\": 1\n";
  for (int i = 0; i < 20'000; ++i) keys += "k" + std::to_string(i) + std::string(40, 'x') + ": 1\n";
  std::ofstream(folder / "many.yaml") << keys;
  const auto many = run({"train", "--config", "many.yaml", "--out", "o"}, 2);
  expect_short(many);
  EXPECT_NE(many.err.find("\\x1b[2J\\x1b]0;x\\x07"), std::string::npos) << many.err;
  EXPECT_NE(many.err.find("<U+FEFF>run"), std::string::npos) << many.err;
  EXPECT_NE(many.err.find("more"), std::string::npos) << many.err;
  std::ofstream(folder / "long.yaml") << "data: {source: moons}\nrun: {batch: " << std::string(500'000, 'x') << "}\n";
  expect_short(run({"train", "--config", "long.yaml", "--out", "o"}, 2));

  // A name on several lines is one line of a message.
  const auto missing = run({"data", "stats", "./x\nerror: y.npz"}, 5);
  EXPECT_EQ(std::count(missing.err.begin(), missing.err.end(), '\n'), 1) << missing.err;
  EXPECT_NE(missing.err.find("./x\\nerror: y.npz"), std::string::npos) << missing.err;
  for (const Arguments& wrong : {Arguments{"sample", "--mod\x1b[2J"},
                                 {"s\x1b[2J"},
                                 {"data", "stats", "moons,\xff=1"},
                                 {"sample", "--model", "m\x1b[2J", "--out", "o", "--solver", "\x1b"}}) {
    const auto result = test::run_farfield(wrong, {}, folder.path().string());
    EXPECT_NE(result.exit_code, 0);
    EXPECT_TRUE(is_plain(result.err)) << printable(result.err);
  }
}

TEST_F(OddNames, DuplicateKeysAreErrorsInEveryJson) {
  run({"sample", "--model", "delta:glyphs,count=8", "--seeds", "0-1", "--steps", "1", "--out", "s"});
  fs::create_directory(folder / "d");
  fs::copy_file(folder / "s/samples.png", folder / "d/a.png");
  std::ofstream(folder / "d/dataset.json") << R"({"labels": [["a.png", 0]], "labels": [["a.png", 1]]})";
  run({"data", "stats", "d"}, 3);
  fs::create_directory(folder / "t");
  std::ofstream(folder / "t/checkpoints.json") << R"({"format": 1, "states": [], "snapshots": [], "snapshots": []})";
  run({"inspect", "t"}, 3);
  const auto twice = [&](const std::string& file) {
    std::string text = text_of(folder / file);
    const size_t start = text.find('"'), end = text.find(':', start);
    text.insert(start, text.substr(start, end - start) + ": 1, ");
    std::ofstream(folder / file) << text;
  };
  twice("s/run.json");
  run({"inspect", "s"}, 3);
  run({"compare", "--model", "delta:moons,count=8", "--data", "moons,count=8", "--references", "isotropic", "--probes",
       "2", "--sigmas", "1", "--seeds", "0", "--with", "s", "--out", "c"},
      3);
  std::ofstream(folder / "levels.json") << R"({"a": 1, "a": 2})";
  std::ofstream(folder / "list.json") << R"([80, {"a": 1, "a": 2}])";
  run({"sample", "--model", "delta:moons,count=8", "--schedule", "gits:levels.json", "--steps", "3", "--out", "o"}, 3);
  run({"sample", "--model", "delta:moons,count=8", "--schedule", "file:list.json", "--out", "o"}, 3);
  run({"sample", "--model", "delta:moons,count=8", "--solver", "auto", "--nfe", "3", "--study", "levels.json", "--out",
       "o"},
      3);
}

}  // namespace
}  // namespace farfield

#include "tests/tools/every_command.h"

#include <algorithm>
#include <fstream>

#include "tests/support/process.h"

namespace farfield::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEveryData = "glyphs,size=8,count=32";
constexpr const char* kLongData = "glyphs,size=32,count=4096";
constexpr const char* kLongModel = "delta:glyphs,size=32,count=4096";

constexpr const char* kConfig =
    "data: {source: 'glyphs,size=8,count=32'}\n"
    "network: {model_type: SongUNet, model_channels: 8, channel_mult: [1, 2], num_blocks: 1, attn_resolutions: [4]}\n"
    "ema: {sigma_rel: [0.05, 0.1]}\n"
    "run: {images: 16, batch: 8, tick_images: 8, preview_images: 0, snapshot_images: 8, state_images: 8}\n";

// What every workplace is a copy of: made once, by the program.
const fs::path& original() {
  static const TempDir folder;
  static const fs::path made = [] {
    std::ofstream(folder / "c.yaml") << kConfig;
    const auto trained = run_farfield({"train", "--config", "c.yaml", "--out", "run", "--threads", "1", "--quiet"}, {},
                                      folder.path().string());
    EXPECT_EQ(trained.exit_code, 0) << trained.err;
    fs::copy_file(folder / "run/snapshots/snapshot-000000000016.safetensors", folder / "n.safetensors");
    return folder.path();
  }();
  return made;
}

CommandCase call(std::string name, Arguments arguments, const std::string& out = "") {
  if (!out.empty()) arguments.insert(arguments.end(), {"--out", out});
  return {std::move(name), std::move(arguments), out};
}

}  // namespace

std::vector<CommandCase> every_command() {
  std::vector<CommandCase> all = {
      call("train", {"train", "--config", "c.yaml", "--threads", "1"}, "new"),
      call("sample", {"sample", "--model", "n.safetensors", "--seeds", "0-3", "--steps", "2", "--threads", "1"}, "new"),
      call("encode",
           {"encode", "--model", "n.safetensors", "--data", std::string(kEveryData) + ",first=2", "--steps", "2",
            "--threads", "1"},
           "new"),
      call("interpolate",
           {"interpolate", "--model", "n.safetensors", "--seeds", "0,1", "--class", "3", "--steps", "2", "--threads",
            "1"},
           "new"),
      call("restore",
           {"restore", "--model", "n.safetensors", "--degrade", std::string(kEveryData) + ",first=2", "--class", "3",
            "--steps", "2", "--threads", "1"},
           "new"),
      call("compare",
           {"compare", "--model", "n.safetensors", "--data", kEveryData, "--references", "gaussian,delta", "--sigmas",
            "1", "--probes", "4", "--seeds", "0-1", "--steps", "2", "--threads", "1"},
           "new"),
      call("jump",
           {"jump", "--model", "n.safetensors", "--data", kEveryData, "--seeds", "0-1", "--steps", "2", "--threads",
            "1"},
           "new"),
      call("calibrate",
           {"calibrate", "--model", "n.safetensors", "--data", kEveryData, "--seeds", "0-1", "--steps", "2", "--sizes",
            "3,5", "--threads", "1"},
           "new"),
      call("study",
           {"study", "--model", "n.safetensors", "--nfe", "3", "--seeds", "0-1", "--solvers", "euler", "--schedules",
            "polynomial", "--threads", "1"},
           "new"),
      call("sweep",
           {"sweep", "--model", "n.safetensors", "--data", kEveryData, "--components", "1,2", "--ranks", "4",
            "--sigmas", "1", "--probes", "4", "--threads", "1"},
           "new"),
      call("dynamics",
           {"dynamics", "--run", "run", "--data", kEveryData, "--references", "mean,delta", "--sigmas", "1", "--probes",
            "4", "--threads", "1"},
           "new"),
      call("field",
           {"field", "--model", "n.safetensors", "--data", kEveryData, "--references", "mean", "--sigmas", "1",
            "--grid", "3", "--threads", "1"},
           "new"),
      call("geometry",
           {"geometry", "--model", "n.safetensors", "--data", kEveryData, "--seeds", "0-1", "--steps", "3", "--threads",
            "1"},
           "new"),
      call("deviation",
           {"deviation", "--model", "n.safetensors", "--data", kEveryData, "--seeds", "0-1", "--steps", "2",
            "--threads", "1"},
           "new"),
      call("features", {"features", "--data", kEveryData, "--features", "pixels-8x8", "--threads", "1"}, "new"),
      call("similarity",
           {"similarity", std::string(kEveryData) + ",first=2", std::string(kEveryData) + ",first=2", "--threads", "1"},
           "new"),
      call("quality",
           {"quality", "--samples", std::string(kEveryData) + ",first=4", "--reference", kEveryData, "--bootstrap", "2",
            "--subsets", "2", "--threads", "1"},
           "new"),
      call("likelihood",
           {"likelihood", "--model", "n.safetensors", "--data", kEveryData, "--count", "2", "--solver", "heun,steps=2",
            "--trace", "hutchinson,probes=2", "--references", "gaussian", "--threads", "1"},
           "new"),
      call("neighbours",
           {"neighbours", "--samples", std::string(kEveryData) + ",first=2", "--data", kEveryData, "--threads", "1"},
           "new"),
      call("modes", {"modes", "--data", kEveryData, "--bandwidth", "9", "--threads", "1"}, "new"),
      call("theory",
           {"theory", "--model", "n.safetensors", "--data", kEveryData, "--seeds", "0-1", "--steps", "2", "--perturbed",
            "1", "--components", "1", "--threads", "1"},
           "new"),
      call("smoothing",
           {"smoothing", "--starts", "8", "--step", "0.05", "--learned-steps", "3", "--decay-steps", "1", "--threads",
            "1"},
           "new"),
      call("symmetry",
           {"symmetry", "--model", "n.safetensors", "--class", "3", "--sigma-max", "4", "--sigma-min", "2", "--levels",
            "2", "--threads", "1"},
           "new"),
      call("report", {"report", "run"}, "new"),
      call("ema", {"ema", "--run", "run", "--sigma-rel", "0.07", "--threads", "1"}, "new.safetensors"),
      call("fit gaussian", {"fit", "gaussian", "--data", kEveryData, "--threads", "1"}, "new.safetensors"),
      call("fit mixture", {"fit", "mixture", "--data", kEveryData, "--components", "2", "--threads", "1"},
           "new.safetensors"),
      call("schedule search",
           {"schedule", "search", "--model", "n.safetensors", "--nfe", "3", "--seeds", "0-1", "--points", "5",
            "--threads", "1"},
           "new.json"),
      call("schedule ablate",
           {"schedule", "ablate", "--model", "n.safetensors", "--vary", "warmup=1,2", "--repeats", "1", "--test-seeds",
            "2", "--nfe", "3", "--points", "5", "--threads", "1"},
           "new"),
      call("solver fit",
           {"solver", "fit", "--method", "epd", "--model", "n.safetensors", "--nfe", "3", "--seeds", "0-1",
            "--held-out", "2-3", "--iterations", "2", "--teacher-steps", "4", "--threads", "1"},
           "new"),
      call("solver table", {"solver", "table", "--solver", "ipndm2", "--steps", "3"}, "new.json"),
      call("schedule", {"schedule", "--name", "polynomial", "--steps", "5"}),
      call("data stats", {"data", "stats", kEveryData, "--threads", "1"}),
      call("inspect", {"inspect", "n.safetensors"}),
      call("doctor", {"doctor", "--threads", "1"}),
  };
  return all;
}

std::vector<CommandCase> every_long_command() {
  return {
      call("train",
           {"train", "--config", "c.yaml", "--set", "run.images=100000000", "--set", "run.state_images=0", "--threads",
            "1"},
           "new"),
      call("sample", {"sample", "--model", kLongModel, "--seeds", "0-99999", "--steps", "100", "--threads", "1"},
           "new"),
      call("encode", {"encode", "--model", kLongModel, "--data", kLongData, "--steps", "1000", "--threads", "1"},
           "new"),
      call("interpolate",
           {"interpolate", "--model", kLongModel, "--seeds", "0,1", "--steps", "100000", "--threads", "1"}, "new"),
      call("compare",
           {"compare", "--model", kLongModel, "--references", "delta:glyphs,size=32,count=4095", "--probes", "100000",
            "--threads", "1"},
           "new"),
      call("restore", {"restore", "--model", kLongModel, "--degrade", kLongData, "--steps", "1000", "--threads", "1"},
           "new"),
      call("solver fit",
           {"solver", "fit", "--method", "epd", "--model", "n.safetensors", "--nfe", "3", "--teacher-steps", "100000",
            "--batch", "1", "--threads", "1"},
           "new"),
      call("sweep", {"sweep", "--model", kLongModel, "--data", kLongData, "--probes", "100000", "--threads", "1"},
           "new"),
      call("dynamics",
           {"dynamics", "--models", kLongModel, "--data", kLongData, "--references", "delta", "--probes", "100000",
            "--threads", "1"},
           "new"),
      call("field",
           {"field", "--model", kLongModel, "--data", kLongData, "--references", "delta", "--grid", "1000", "--threads",
            "1"},
           "new"),
      call("deviation",
           {"deviation", "--model", kLongModel, "--data", kLongData, "--seeds", "0-99999", "--threads", "1"}, "new"),
      call("features",
           {"features", "--data", "glyphs,size=64,count=40000", "--features", "random-conv", "--threads", "1"}, "new"),
      call("similarity",
           {"similarity", "glyphs,size=64,count=40000", "glyphs,size=64,count=40000,seed=1", "--batch", "1",
            "--threads", "1"},
           "new"),
      call("quality",
           {"quality", "--samples", "glyphs,size=64,count=40000", "--reference", "glyphs,size=64,count=40000,seed=1",
            "--features", "random-conv", "--threads", "1"},
           "new"),
      call("likelihood",
           {"likelihood", "--model", kLongModel, "--data", kLongData, "--count", "100000", "--references", "delta",
            "--threads", "1"},
           "new"),
      call("neighbours",
           {"neighbours", "--samples", "glyphs,size=64,count=40000", "--data", "glyphs,size=64,count=40000",
            "--threads", "1"},
           "new"),
      call("modes", {"modes", "--data", kLongData, "--bandwidth", "1:2:100", "--threads", "1"}, "new"),
      call("jump", {"jump", "--model", kLongModel, "--seeds", "0-15", "--steps", "2000", "--threads", "1"}, "new"),
      call("calibrate",
           {"calibrate", "--model", kLongModel, "--data", "glyphs,size=64,count=4000", "--seeds", "0-99999",
            "--threads", "1"},
           "new"),
      call("study", {"study", "--model", kLongModel, "--seeds", "0-999", "--threads", "1"}, "new"),
      call("geometry", {"geometry", "--model", kLongModel, "--seeds", "0-99999", "--threads", "1"}, "new"),
      call("theory",
           {"theory", "--model", kLongModel, "--data", "glyphs,size=32,count=64", "--seeds", "0-99999", "--threads",
            "1"},
           "new"),
      call("symmetry", {"symmetry", "--model", kLongModel, "--levels", "4096", "--threads", "1"}, "new"),
      call("fit mixture", {"fit", "mixture", "--data", kLongData, "--components", "500", "--threads", "1"},
           "new.safetensors"),
      call("schedule search",
           {"schedule", "search", "--model", kLongModel, "--nfe", "3-10", "--warmup", "4096", "--threads", "1"},
           "new.json"),
      call("schedule ablate", {"schedule", "ablate", "--model", kLongModel, "--vary", "warmup=1024", "--threads", "1"},
           "new"),
      call("data stats", {"data", "stats", "glyphs,size=64,count=4096", "--threads", "1"}),
  };
}

Workplace::Workplace() { fs::copy(original(), folder_.path(), fs::copy_options::recursive); }

std::vector<std::string> Workplace::names() const {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(folder_.path())) all.push_back(entry.path().filename().string());
  std::ranges::sort(all);
  return all;
}

}  // namespace farfield::test

// Every option of every command, as the program's own --help lists them, with every hostile number in its place: it is
// taken, or refused with exit 2 or 3, within a second of CPU time and 300 MB. A new option joins by itself; a new command
// must be given a line below. A test run tries a number of every other option, scripts/sweep (FARFIELD_SWEEP=all) all of all.
#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <regex>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "core/text.h"
#include "tests/support/hostile_numbers.h"
#include "tests/support/process.h"
#include "tests/tools/labelled_model.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using test::run_farfield;
using Words = std::vector<std::string>;

constexpr double kMostSeconds = 1;  // of CPU time, beyond what any call of the program takes on this machine
constexpr int64_t kMostBytes = 300'000'000;

// A call that ends well and quickly, in a folder with a model of three classes, a Gaussian, a run and a config.
const std::map<std::string, std::string> kCalls = {
    {"sample", "--model m.safetensors --seeds 0 --steps 2 --class 1"},
    {"encode", "--model m.safetensors --data moons,count=4 --steps 2 --class 1"},
    {"interpolate", "--model m.safetensors --seeds 1,2 --steps 2 --class 1 --frames 2"},
    {"schedule", ""},
    {"schedule search", "--model m.safetensors --nfe 2 --points 4 --warmup 2"},
    {"schedule ablate", "--model m.safetensors --vary warmup=1,2 --repeats 1 --test-seeds 2 --nfe 2 --points 4"},
    {"study", "--model m.safetensors --nfe 2 --seeds 0 --solvers euler --schedules polynomial"},
    {"solver fit",
     "--method epd --model m.safetensors --nfe 3 --seeds 0 --held-out 1 --iterations 1 --teacher-steps 2 --class 1"},
    {"solver table", "--steps 2"},
    {"compare",
     "--model m.safetensors --data moons,count=32 --references isotropic --probes 4 --seeds 0 --steps 2 --sigmas 1"},
    {"restore", "--model m.safetensors --degrade moons,count=2 --steps 2 --class 1"},
    {"sweep", "--model m.safetensors --data moons,count=32 --components 1 --ranks 1 --sigmas 1 --probes 4"},
    {"dynamics", "--models m.safetensors --data moons,count=32 --references mean --sigmas 1 --probes 4"},
    {"field", "--model m.safetensors --data moons,count=32 --references mean --sigmas 1 --grid 3"},
    {"calibrate",
     "--model gaussian:glyphs,size=8,count=16 --data glyphs,size=8,count=16 --seeds 0 --steps 2 --sizes 3"},
    {"geometry", "--model m.safetensors --data moons,count=32 --seeds 0 --steps 3 --class 1"},
    {"theory",
     "--model m.safetensors --data moons,count=32 --seeds 0 --steps 2 --class 1 --perturbed 1 --perturb-at 1 "
     "--components 1"},
    {"deviation", "--model m.safetensors --data moons,count=32 --seeds 0 --steps 2 --class 1"},
    {"features", "--data moons,count=32 --features pixels"},
    {"similarity", "moons,count=8 moons,count=8,seed=1"},
    {"quality", "--samples moons,count=40 --reference moons,count=32,seed=1 --bootstrap 2 --subsets 2 --directions 2"},
    {"likelihood", "--model m.safetensors --data moons,count=32 --count 2 --class 1 --solver euler,steps=2"},
    {"neighbours", "--samples moons,count=4 --data moons,count=32"},
    {"modes", "--data moons,count=32 --bandwidth 5"},
    {"smoothing", "--points 2 --starts 8 --step 0.2 --learned-steps 2 --decay-steps 1 --draws 2"},
    {"jump", "--model m.safetensors --data moons,count=32 --seeds 0 --steps 2 --class 1"},
    {"symmetry", "--model m.safetensors --class 1 --sigma-max 4 --sigma-min 2 --levels 2"},
    {"fit gaussian", "--data moons,count=32"},
    {"fit mixture", "--data moons,count=32 --components 2"},
    {"data stats", "moons,count=32"},
    {"ema", "--run run --sigma-rel 0.1"},
    {"report", "run"},
    {"train", "--config config.yaml"},
    {"inspect", "m.safetensors"},
    {"doctor", ""},
};
const std::set<std::string> kWithoutOutput = {"schedule", "data stats", "inspect", "doctor"};

// What else an option needs to mean something.
const std::map<std::string, std::string> kCompanions = {
    {"sample --teleport", "--gaussian g.safetensors"},
    {"sample --teleport-threshold", "--gaussian g.safetensors --teleport auto"},
    {"sample --ode-jump", "--steps 4"},
    {"interpolate --k", "--neighbours moons"},
    {"study --teleport-sweep", "--gaussian g.safetensors"},
    {"study --teleport", "--gaussian g.safetensors"},
    {"train --snapshot-at", "--set run.state_images=8"},
};

Words words_of(const std::string& text) { return split(text, ' '); }

void add(Words& words, const Words& more) { words.insert(words.end(), more.begin(), more.end()); }

struct Try {
  std::string command, option, number;
};

// The texts that hold numbers.
const std::set<std::string> kNumbersInText = {
    "--seeds",  "--nfe",        "--sigmas",     "--churn",     "--teleport",   "--max-time", "--snapshot-at",
    "--lambda", "--components", "--perturb-at", "--bandwidth", "--potentials", "--held-out"};

// "--steps INT:1 to 100000   intervals ..." -> "--steps", of the options that take a value; whether it is a number.
std::map<std::string, bool> options_of(const std::string& command) {
  Words call = words_of(command);
  call.push_back("--help");
  const std::regex line("^ +(--[a-z-]+) ([A-Z]{3,})");
  std::map<std::string, bool> options;
  for (const auto& text : split(run_farfield(call).out, '\n')) {
    std::smatch found;
    if (!std::regex_search(text, found, line)) continue;
    options[found[1]] = found[2] != "TEXT" || kNumbersInText.contains(found[1]);
  }
  return options;
}

std::vector<Try> tries(bool all) {
  std::vector<Try> list;
  const auto& numbers = test::hostile_numbers();
  size_t place = 0;
  for (const auto& [command, call] : kCalls) {
    for (const auto& [option, counts] : options_of(command)) {
      if (all) {
        for (const auto& number : numbers) list.push_back({command, option, number});
      } else if (counts && place++ % 2 == 0) {
        list.push_back({command, option, numbers[place * 7 % numbers.size()]});
      }
    }
  }
  return list;
}

// The call without what it says of `option` itself.
Words call_of(const Try& one, const std::string& out) {
  Words call = words_of(one.command), base = words_of(kCalls.at(one.command));
  if (!kWithoutOutput.contains(one.command)) add(base, {"--out", out});
  const auto companion = kCompanions.find(one.command + " " + one.option);
  if (companion != kCompanions.end()) add(base, words_of(companion->second));
  for (size_t i = 0; i < base.size(); ++i) {
    if (base[i] == one.option) {
      ++i;
    } else {
      call.push_back(base[i]);
    }
  }
  call.push_back(one.option + "=" + one.number);
  return call;
}

bool is_allowed(const Try& one, int code) {
  if (code == 0 || code == 2 || code == 3) return true;
  const bool path = code == 5;  // "nan" is no file
  const bool stopped = code == 7 && one.option == "--max-time";
  return (path && !kNumbersInText.contains(one.option)) || stopped;
}

class NumberSweepOfCommands : public testing::Test {
 protected:
  void SetUp() override {
    test::write_labelled_model(folder_ / "m.safetensors");
    std::ofstream(folder_ / "config.yaml")
        << "data: {source: \"moons,count=64\"}\nnetwork: {model_type: PointMlp, model_channels: 8, label_dim: 0}\n"
           "ema: {sigma_rel: [0.1]}\nrun: {images: 16, batch: 8, preview_images: 0}\n";
    run({"train", "--config", "config.yaml", "--out", "run", "--threads", "1"});
    run({"fit", "gaussian", "--data", "moons,count=50", "--out", "g.safetensors", "--threads", "1"});
  }

  test::ProcessResult run(const Words& call) {
    const auto result = run_farfield(call, {"OMP_NUM_THREADS=1"}, folder_.path().string());
    EXPECT_EQ(result.exit_code, 0) << join(call, " ") << ": " << result.err;
    return result;
  }

  test::TempDir folder_;
};

TEST(NumberSweep, EveryCommandHasACall) {
  const auto help = run_farfield({"--help"}).out;
  const auto begin = help.find("Subcommands:");
  ASSERT_NE(begin, std::string::npos);
  std::set<std::string> known;
  for (const auto& [command, call] : kCalls) known.insert(words_of(command).front());
  for (const auto& line : split(help.substr(begin), '\n')) {
    std::smatch found;
    if (!std::regex_search(line, found, std::regex("^ {1,4}([a-z]+) "))) continue;
    EXPECT_TRUE(known.contains(found[1])) << "add a call of " << found[1] << " to this test";
  }
}

TEST_F(NumberSweepOfCommands, EveryOptionTakesOrRefusesEveryNumber) {
  const char* const asked = std::getenv("FARFIELD_SWEEP");
  const auto list = tries(asked != nullptr && std::string(asked) == "all");
  std::atomic<size_t> next{0};
  std::mutex lock;
  std::map<int, int> codes;
  double slowest = 0;
  int64_t largest = 0;
  const double start = run_farfield({"--version"}, {"OMP_NUM_THREADS=1"}).cpu_seconds;
  const auto work = [&] {
    for (size_t i = next++; i < list.size(); i = next++) {
      const Words call = call_of(list[i], fmt::format("out-{}", i));
      const auto result = run_farfield(call, {"OMP_NUM_THREADS=1"}, folder_.path().string());
      const std::lock_guard<std::mutex> guard(lock);
      const auto what = join(call, " ");
      EXPECT_TRUE(is_allowed(list[i], result.exit_code)) << what << ": exit " << result.exit_code << ": " << result.err;
      EXPECT_LT(result.cpu_seconds, start + kMostSeconds) << what;
      EXPECT_LT(result.peak_bytes, kMostBytes) << what;
      ++codes[result.exit_code];
      slowest = std::max(slowest, result.cpu_seconds);
      largest = std::max(largest, result.peak_bytes);
    }
  };
  std::thread second(work);
  work();
  second.join();
  EXPECT_GT(list.size(), 30u);
  std::cout << list.size() << " tries; exit code: how often";
  for (const auto& [code, count] : codes) std::cout << ", " << code << ": " << count;
  std::cout << fmt::format("; at most {:.2f} s of CPU time and {} MB\n", slowest, largest / 1'000'000);
}

}  // namespace
}  // namespace farfield

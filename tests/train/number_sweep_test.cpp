// Every number of a training config with every hostile number in its place: the run takes a step, or the config is refused.
// The keys are those that the program itself writes down, so a new one joins by itself.
#include <nlohmann/json.hpp>
#include <set>

#include "core/text.h"
#include "tests/support/hostile_numbers.h"
#include "tests/support/test_support.h"
#include "tests/train/tiny_training.h"

namespace farfield {
namespace {

struct Setting {
  std::string key, value;
};

// "a:\n  b: 1\n" -> a.b = 1, of what a number or a list of numbers may stand in.
std::vector<Setting> numbers_of(const std::string& resolved) {
  std::vector<Setting> settings;
  std::string section;
  for (const auto& line : split(resolved, '\n')) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    if (line[0] != ' ') section = line.substr(0, colon);
    const std::string value = colon + 2 <= line.size() ? line.substr(colon + 2) : "";
    if (value.find_first_of("[-0123456789") == 0)
      settings.push_back({section + "." + line.substr(2, colon - 2), value});
  }
  return settings;
}

// Configs that together have every key.
const std::vector<std::vector<std::string>> kBases = {
    {"optimiser.name=adamw", "optimiser.clip_norm=1", "optimiser.schedule=cosine", "optimiser.decay_images=100",
     "ema.sigma_rel=[0.1]", "ema.more_halflife_images=[10]", "run.snapshot_at=[20]", "loss.sigma_min=0.001",
     "loss.sigma_max=100"},
    {"loss.noise=loguniform", "augment.xflip=false", "augment.probability=0.1"},
};

TEST(NumberSweep, EveryNumberOfATrainingConfig) {
  test::NumberSweep sweep;
  std::set<std::string> seen;
  for (const auto& base : kBases) {
    for (const auto& [key, value] : numbers_of(test::tiny_training(base).resolved)) {
      if (!seen.insert(key).second) continue;
      for (const auto& number : test::hostile_numbers()) {
        if (number.empty()) continue;  // in YAML that is no number, but the default
        auto settings = base;
        settings.push_back(key + "=" + (value[0] == '[' ? "[" + number + "]" : number));
        sweep(settings.back(), [&] { test::tiny_trainer(settings).step(); });
      }
    }
  }
  for (const char* key : {"run.batch", "loss.sigma_min", "optimiser.weight_decay", "network.resample_filter",
                          "probes.sigmas", "augment.probability", "ema.sigma_rel"}) {
    EXPECT_TRUE(seen.contains(key)) << key;
  }
  EXPECT_GE(seen.size(), 44u);
}

}  // namespace
}  // namespace farfield

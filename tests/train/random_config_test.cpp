// Training configs made at random from the grammar of docs/formats.md: each is refused as a usage error or a bad file, or
// takes one step. FARFIELD_RANDOM_CONFIGS=N tries N of them (300). Never more than one step of a network of a few
// thousand weights, and never longer than the time below.
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <random>

#include "core/error.h"
#include "core/text.h"
#include "tests/support/test_support.h"
#include "tests/train/tiny_training.h"
#include "train/network_settings.h"

namespace farfield {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kMostSeconds = 8;  // for those of a test run; a number that was asked for is tried whole

class Grammar {
 public:
  explicit Grammar(uint64_t seed) : random_(seed) {}

  // A document with some of the keys, in either of YAML's styles.
  std::string config() {
    std::string text;
    for (const auto& [section, keys] : rows()) {
      std::vector<std::string> lines;
      for (const auto& [key, value] : keys) {
        const bool small = key == "batch" || key == "model_channels" || key == "channel_mult" || key == "num_blocks";
        if (!small && !chance(0.1)) continue;  // few at a time, or nothing fits together
        lines.push_back(key + ": " +
                        (chance(0.02) ? word({"nan", "-1", "[]", "yes", "{a: 1}", "1e400", "''"}) : value()));
      }
      if (lines.empty()) continue;
      text += chance(0.3) ? section + ": {" + join(lines, ", ") + "}\n"
                          : section + ":\n  " + join(lines, "\n  ") + "\n";
    }
    return text + "data: {source: tiny}\n";
  }

 private:
  using Value = std::function<std::string()>;
  using Rows = std::map<std::string, std::map<std::string, Value>>;

  bool chance(double probability) { return std::uniform_real_distribution<double>()(random_) < probability; }
  int64_t below(int64_t count) { return std::uniform_int_distribution<int64_t>(0, count - 1)(random_); }
  std::string word(const std::vector<std::string>& words) {
    return words[static_cast<size_t>(below(static_cast<int64_t>(words.size())))];
  }
  Value one_of(std::vector<std::string> words) {
    return [this, words = std::move(words)] { return word(words); };
  }
  Value whole(int64_t low, int64_t high) {
    return [=, this] { return std::to_string(low + below(high - low + 1)); };
  }
  // From `low` to `high`, evenly in the logarithm.
  Value number(double low, double high) {
    return [=, this] {
      return format_double(low * std::pow(high / low, std::uniform_real_distribution<double>()(random_)));
    };
  }
  Value list(Value item, int64_t longest) {
    return [=, this] {
      std::vector<std::string> items;
      for (int64_t count = 1 + below(longest); count > 0; --count) items.push_back(item());
      return "[" + join(items, ", ") + "]";
    };
  }

  // Every key of the page; networks are small, counts are of any size: they only say when something would happen.
  const Rows& rows() {
    static constexpr int64_t kFar = 1'000'000'000'000;
    const Value flag = one_of({"true", "false"});
    if (rows_.empty()) {
      rows_ = {{"network",
                {{"model_type", one_of({"SongUNet", "DhariwalUNet", "PointMlp"})},
                 {"model_channels", one_of({"4", "8", "12", "16"})},
                 {"channel_mult", list(whole(1, 2), 3)},
                 {"channel_mult_emb", whole(1, 4)},
                 {"num_blocks", whole(0, 2)},
                 {"attn_resolutions", list(one_of({"2", "4", "8"}), 2)},
                 {"dropout", number(0.001, 0.9)},
                 {"label_dropout", number(0.001, 0.9)},
                 {"label_dim", one_of({"0", "3", "4"})},
                 {"innermost_attention", flag},
                 {"normalisation", one_of({"group", "none"})},
                 {"embedding_type", one_of({"positional", "fourier"})},
                 {"channel_mult_noise", whole(1, 2)},
                 {"encoder_type", one_of({"standard", "residual", "skip"})},
                 {"decoder_type", one_of({"standard", "skip"})},
                 {"resample_filter", one_of({"[1, 1]", "[1, 3, 3, 1]", "[1, 2, 1]"})}}},
               {"preconditioning", {{"name", one_of({"edm", "vp", "ve", "iddpm"})}, {"sigma_data", number(0.1, 2)}}},
               {"loss",
                {{"name", one_of({"edm", "vp", "ve"})},
                 {"noise", one_of({"lognormal", "loguniform", "range", "t_uniform", "vp", "ve"})},
                 {"p_mean", one_of({"-1.2", "0", "1"})},
                 {"p_std", number(0.5, 2)},
                 {"sigma_min", number(0.001, 0.1)},
                 {"sigma_max", number(1, 100)},
                 {"stratified", flag}}},
               {"augment", {{"xflip", flag}, {"probability", number(0.01, 1)}}},
               {"optimiser",
                {{"name", one_of({"adam", "adamw"})},
                 {"learning_rate", number(1e-6, 0.1)},
                 {"rampup_images", whole(0, kFar)},
                 {"schedule", one_of({"constant", "inverse_sqrt", "cosine"})},
                 {"decay_images", whole(1, kFar)},
                 {"beta1", number(0.1, 0.99)},
                 {"beta2", number(0.1, 0.9999)},
                 {"epsilon", number(1e-12, 1e-3)},
                 {"weight_decay", number(1e-4, 1)},
                 {"clip_norm", number(0.01, 100)}}},
               {"ema",
                {{"halflife_images", whole(0, kFar)},
                 {"ramp_ratio", number(0.01, 1)},
                 {"more_halflife_images", list(whole(1, kFar), 3)},
                 {"sigma_rel", list(number(0.01, 0.25), 3)}}},
               {"run",
                {{"images", whole(1, kFar)},
                 {"batch", whole(1, 24)},
                 {"micro_batch", whole(0, 6)},
                 {"seed", whole(0, kFar)},
                 {"tick_images", whole(1, kFar)},
                 {"preview_images", whole(0, kFar)},
                 {"snapshot_images", whole(0, kFar)},
                 {"state_images", whole(0, kFar)},
                 {"snapshot_at", list(whole(1, kFar), 3)},
                 {"keep_states", whole(2, 9)},
                 {"precision", one_of({"auto", "fp32", "bf16"})},
                 {"nonfinite", one_of({"stop", "skip"})},
                 {"gradient_checkpointing", flag}}},
               {"probes",
                {{"images", whole(0, kFar)},
                 {"count", whole(2, 64)},
                 {"sigmas", one_of({"[0.1, 1]", "[0.5]", "[1, 0.5]"})},
                 {"references", one_of({"gaussian", "delta", "isotropic,mixture,components=2"})}}}};
    }
    return rows_;
  }

  std::mt19937_64 random_;
  Rows rows_;
};

// Whether the config trained, for one step.
bool took_a_step(const std::string& text) {
  try {
    Config config = Config::from_text(text, "random.yaml");
    TrainOptions options = TrainOptions::from_config(config);
    config.finish();
    const auto data = test::tiny_data();
    fit_network_to_data(options, config, data->info());
    Trainer(options, data, torch::kCPU).step();
    return true;
  } catch (const Error& error) {
    const bool refused = error.code() == ExitCode::kUsage || error.code() == ExitCode::kBadFile;
    EXPECT_TRUE(refused) << static_cast<int>(error.code()) << ": " << error.what() << "\n" << text;
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what() << "\n" << text;
  }
  return false;
}

TEST(RandomConfigs, AreRefusedOrTakeAStep) {
  const char* const asked = std::getenv("FARFIELD_RANDOM_CONFIGS");
  const int wanted = asked != nullptr ? std::atoi(asked) : 300;
  const auto start = Clock::now();
  int tried = 0, trained = 0;
  for (; tried < wanted; ++tried) {
    if (asked == nullptr && std::chrono::duration<double>(Clock::now() - start).count() > kMostSeconds) break;
    trained += took_a_step(Grammar(static_cast<uint64_t>(tried)).config()) ? 1 : 0;
  }
  std::cout << tried << " configs tried, " << trained << " took a step\n";
  EXPECT_GT(trained, tried / 20) << "the grammar makes too few that fit together";
}

}  // namespace
}  // namespace farfield

// What a step to 0 returns: D, but for the methods that docs/conventions.md names.
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include <fmt/format.h>

#include "samplers/integrate.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/samplers/solver_variants.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/toy_denoisers.h"

namespace farfield {
namespace {

// The families with a rule of their own, as the page names them; orders are digits at the end of a name.
const std::set<std::string> kOwnRule = {"lms", "ipndm", "ipndm_v", "deis_tab", "deis_rhoab", "midpoint", "ralston"};

bool has_own_rule(const std::string& text) {
  const std::string name = text.substr(0, text.find(','));
  if (name == "edm_ablation") {
    return text.find("=ve") != std::string::npos || text.find("=vp") != std::string::npos;
  }
  const size_t digit = name.find_last_of("0123456789");
  const bool compat = name.ends_with("_compat");
  if (digit == std::string::npos) return kOwnRule.contains(name);
  if (compat && name.starts_with("deis_tab")) return false;
  return kOwnRule.contains(name.substr(0, digit)) && name[digit] > '1';
}

// How far the last state of runs of 1 to 12 steps is from the D of the last step, relative to the state before it.
double distance_from_denoised(const std::string& text) {
  const auto solver = make_solver(text);
  const auto denoise = test::toy_two_modes();
  double farthest = 0;
  std::vector<NoiseLevelOptions> schedules = {{}};
  if (!text.starts_with("edm_ablation,")) {  // stiff: see solvers.h
    schedules.push_back({.schedule = "logsnr", .sigma_min = 1e-8});
    schedules.push_back({.schedule = "linear", .sigma_min = 0});
  }
  for (const NoiseLevelOptions& options : schedules) {
    for (const int64_t steps : {1, 2, 3, 4, 5, 12}) {
      NoiseLevelOptions counted = options;
      counted.steps = steps;
      const auto levels = noise_levels(counted);
      const auto x = test::toy_latents() * levels.front();
      IntegrateOptions run = test::quiet(x);
      run.observer = [&](const StepView& view) {
        if (view.sigma_to != 0) return;
        const double size = std::max(1.0, view.x_before.abs().max().item<double>());
        farthest = std::max(farthest, (view.x_after - view.denoised).abs().max().item<double>() / size);
      };
      integrate(*solver, denoise, x, levels, run);
    }
  }
  return farthest;
}

TEST(StepToZero, returns_the_denoised_value_for_every_solver_and_option_but_those_named) {
  const test::ThreadCount one(1);
  const auto variants = test::solver_variants_with_numbers();
  for (const auto& text : variants) {
    // Tolerances change how many steps come before this one; vp's range belongs to a rule that is an exception anyway.
    if (text.find("tol=") != std::string::npos || text.find("vp_m") != std::string::npos) continue;
    SCOPED_TRACE(text);
    const double distance = distance_from_denoised(text);
    if (has_own_rule(text)) {
      EXPECT_GT(distance, 1e-6) << text << " returns D: take it out of the exceptions";
    } else {
      EXPECT_LE(distance, 1e-12) << text << " does not return D: name it among the exceptions";
    }
  }
  EXPECT_GE(variants.size(), 150u);
}

TEST(StepToZero, the_exceptions_are_those_of_the_documentation) {
  std::ifstream page(FARFIELD_SOURCE_DIR "/docs/conventions.md");
  std::stringstream text;
  text << page.rdbuf();
  const std::string all = text.str();
  const size_t begin = all.find("A step to 0 returns"), end = all.find("Adaptive solvers run", begin);
  ASSERT_NE(begin, std::string::npos);
  const std::string sentence = all.substr(begin, end - begin);
  for (const auto& family : kOwnRule) EXPECT_NE(sentence.find("`" + family + "`"), std::string::npos) << family;
  EXPECT_NE(sentence.find("`edm_ablation`"), std::string::npos);
  EXPECT_EQ(sentence.find("spndm"), std::string::npos);
}

// The state before the last step may be far off (Heun's first step over a large interval); the sample is not, where D stays
// within the data.
TEST(StepToZero, few_steps_of_spndm_stay_near_the_data) {
  const auto bounded = [](const torch::Tensor& x, double) { return torch::tanh(x); };
  for (int64_t steps = 1; steps <= 6; ++steps) {
    const auto levels = noise_levels({.steps = steps});
    const auto x = test::toy_latents() * levels.front();
    const auto result = integrate(*make_solver("spndm"), bounded, x, levels);
    EXPECT_LE(result.x.abs().max().item<double>(), 1) << steps << " steps";
  }
}

}  // namespace
}  // namespace farfield

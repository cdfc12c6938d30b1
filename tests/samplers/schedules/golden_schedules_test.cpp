// The public codebases' schedule functions. Their ends are rounded powers, ours are exact: ends are compared to 1e-12.
#include <fmt/format.h>

#include "samplers/schedules/noise_levels.h"
#include "samplers/schedules/schedule_registry.h"
#include "tests/support/golden_denoisers.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using nlohmann::json;

// Our schedule of diff-sampler's schedule_type, with its exponent where it has one.
NoiseLevelOptions of_diff_sampler(const json& args) {
  const std::string type = args.at("schedule_type");
  NoiseLevelOptions options{.schedule = type == "time_uniform" ? "vp_uniform" : type,
                            .steps = args.at("num_steps").get<int64_t>() - 1,
                            .sigma_min = args.at("sigma_min"),
                            .sigma_max = args.at("sigma_max"),
                            .final = "sigma_min"};
  if (find_schedule(options.schedule).takes_rho) options.rho = args.at("schedule_rho");
  return options;
}

NoiseLevelOptions of_k_diffusion(const std::string& function, const json& args) {
  const std::map<std::string, std::string> ours = {{"get_sigmas_karras", "polynomial"},
                                                   {"get_sigmas_exponential", "logsnr"},
                                                   {"get_sigmas_polyexponential", "polyexponential"},
                                                   {"get_sigmas_vp", "vp"}};
  NoiseLevelOptions options{.schedule = ours.at(function), .steps = args.at("n")};
  if (function == "get_sigmas_vp") {
    options.schedule += fmt::format(",beta_d={},beta_min={},eps_s={}", args.at("beta_d").get<double>(),
                                    args.at("beta_min").get<double>(), args.at("eps_s").get<double>());
    return options;
  }
  options.sigma_min = args.at("sigma_min");
  options.sigma_max = args.at("sigma_max");
  if (args.contains("rho")) options.rho = args.at("rho");
  return options;
}

// A case of a function we do not have throws out_of_range or a usage error: the test fails on it.
NoiseLevelOptions options_of(const json& item) {
  const std::string source = item.at("source");
  const std::string function = source.substr(source.find(':') + 1);
  return function == "get_schedule" ? of_diff_sampler(item.at("args")) : of_k_diffusion(function, item.at("args"));
}

void expect_levels(const NoiseLevelOptions& options, const json& sigmas) {
  const auto ours = noise_levels(options);
  const auto theirs = sigmas.get<std::vector<double>>();
  ASSERT_EQ(ours.size(), theirs.size());
  // They fit the VP process by ln(sigma_min^2 + 1) / 1e-3, whose rounding of 1 + sigma_min^2 is 1e-13 of the exponent, and
  // exp(.) - 1 loses digits near sigma = 0.
  const bool vp = options.schedule.starts_with("vp");
  for (size_t i = 0; i < ours.size(); ++i) {
    const double theirs_off = vp && theirs[i] > 0 ? 1e-13 + 1e-15 / (theirs[i] * theirs[i]) : 0;
    EXPECT_LE(std::abs(ours[i] - theirs[i]), (1e-14 + theirs_off) * theirs[i]) << i << " of " << options.schedule;
  }
}

class GoldenSchedules : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto found = test::golden_dir();
    if (!found) GTEST_SKIP() << "no golden vectors: set FARFIELD_GOLDEN or put them at ../shared/golden";
    schedules = test::read_json(*found / "schedules.json");
  }

  json schedules;
};

TEST_F(GoldenSchedules, golden_functions) {
  for (const auto& item : schedules.at("functions")) {
    SCOPED_TRACE(item.at("source").get<std::string>() + " " + item.at("args").dump());
    expect_levels(options_of(item), item.at("sigmas"));
  }
  std::cout << "golden: " << schedules.at("functions").size() << " schedules of the public functions\n";
}

TEST_F(GoldenSchedules, golden_named) {
  for (const auto& [name, item] : schedules.at("named").items()) {
    SCOPED_TRACE(name);
    const std::string source = item.at("source");
    if (source.ends_with("get_schedule")) {
      expect_levels(of_diff_sampler(item), item.at("sigmas"));
    } else {
      ASSERT_TRUE(source.starts_with("explicit list")) << source;
      EXPECT_NO_THROW(check_levels(item.at("sigmas").get<std::vector<double>>()));
    }
  }
}

TEST_F(GoldenSchedules, golden_edm_ablation_discretisations) {
  for (const auto& item : schedules.at("edm_ablation_sigmas")) {
    const std::string name = item.at("discretization");
    SCOPED_TRACE(name + " " + item.at("num_steps").dump());
    const NoiseLevelOptions options{.schedule = name == "edm" ? "polynomial" : name, .steps = item.at("num_steps")};
    const auto ours = torch::tensor(noise_levels(options), torch::kFloat64);
    const auto theirs = test::to_tensor(item.at("sigmas"));
    EXPECT_LE(test::relative_deviation(ours, theirs), 1e-12);
    EXPECT_LE(test::deviation((ours + 1e-300).log(), (theirs + 1e-300).log()), 1e-11);
  }
}

}  // namespace
}  // namespace farfield

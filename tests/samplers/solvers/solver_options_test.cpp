#include "samplers/solvers/solver_options.h"

#include <algorithm>
#include <map>

#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(SolverOptions, values_reach_the_solver_and_are_resolved) {
  EXPECT_EQ(resolve_solver("heun"), "heun");
  EXPECT_EQ(resolve_solver("dpm2"), "dpm2,r=0.5");
  EXPECT_EQ(resolve_solver("dpm2,r=0.30"), "dpm2,r=0.3");
  EXPECT_EQ(resolve_solver("unipc3_bh2,predict=eps"), "unipc3_bh2,lower_order_final=yes,predict=eps");
  EXPECT_EQ(make_solver("dpm_adaptive,order=2")->order(), 2);
  EXPECT_TRUE(make_solver("dpm_fast,eta=0.5")->stochastic());
  EXPECT_FALSE(make_solver("dpm_fast")->stochastic());
}

TEST(SolverOptions, defaults_are_the_published_ones) {
  const std::string control =
      "accept_safety=0.81,atol=0.0078,dcoeff=0,eta=0,h_init=0.05,icoeff=1,order=3,pcoeff=0,rtol=0.05,s_noise=1";
  const std::string multistep = ",lower_order_final=yes,predict=x0", noise = ",eta=1,s_noise=1";
  const std::map<std::string, std::string> expected = {
      {"dpm2", ",r=0.5"},
      {"dopri5", ",accept_safety=0.81,atol=1e-06,dcoeff=0,icoeff=1,pcoeff=0,rtol=1e-06"},
      {"dpm_fast", ",eta=0,s_noise=1"},
      {"dpm_adaptive", "," + control},
      {"dpm_adaptive_compat", "," + control},
      {"dpmpp_sde", ",eta=1,r=0.5,s_noise=1"},
      {"dpmpp_2m_sde", noise + ",type=midpoint"},
      {"edm_ablation", ",alpha=1,rule=heun,scaling=none,schedule=linear,vp_max=0,vp_min=0"}};
  for (const auto& entry : solver_table()) {
    if (entry.options.empty()) continue;
    const auto found = expected.find(entry.name);
    const bool is_multistep = entry.name.starts_with("dpmpp_") || entry.name.starts_with("unipc");
    const bool is_stochastic = make_solver(entry.name)->stochastic();
    const std::string options = found != expected.end() ? found->second
                                : is_stochastic         ? noise
                                : is_multistep          ? multistep
                                                        : "not in this test";
    EXPECT_EQ(resolve_solver(entry.name), entry.name + options);
  }
}

TEST(SolverOptions, fractions_end_at_one) {
  for (const std::string option :
       {"dpm2,r", "dpmpp_sde,r", "edm_ablation,alpha", "dopri5,rtol", "dopri5,accept_safety", "dpm_adaptive,rtol"}) {
    EXPECT_NO_THROW(make_solver(option + "=1")) << option;
    EXPECT_TRUE(test::error_of([&] { make_solver(option + "=1.0005"); })) << option;
  }
}

TEST(SolverOptions, what_does_not_fit_is_refused_with_what_would) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "unknown solver ''"},
      {"dpmp_2m", "did you mean 'dpmpp_2m'?"},
      {"heun,r=0.5", "solver heun: takes no options, got r=0.5"},
      {"dpm2,eta=1", "unknown option 'eta'"},
      {"unipc2_bh1,predikt=eps", "did you mean 'predict'?"},
      {"dpmpp_2m,predict=x1", "unknown value of predict 'x1'"},
      {"dpmpp_2m,lower_order_final=true", "known: yes, no"},
      {"dpm2,r=0", "option r: got 0, expected a number from 0.01 to 1"},
      {"dpm2,r=1.5", "expected a number from 0.01 to 1"},
      {"dpm2,r=half", "option r"},
      {"dpm2,r=inf", "got inf"},
      {"dpm2,r", "write r=VALUE"},
      {"dpm2,", "write option=VALUE"},
      {"dpm2,r=0.5,r=0.6", "given twice"},
      {"dpm_fast,eta=-1", "expected a number from 0 to 10"},
      {"dpm_adaptive,eta=1e300", "got 1e+300, expected a number from 0 to 10"},
      {"dpm_adaptive,h_init=1e-300", "expected a number from 0.0001 to 1000"},
      {"dpmpp_sde,s_noise=1e300", "expected a number above 0, at most 100"},
      {"dopri5,atol=1e-300", "expected a number from 1e-13 to 1000000"},
      {"dopri5,rtol=2", "expected a number from 1e-13 to 1"},
  };
  for (const auto& [text, words] : cases) {
    const auto error = test::error_of([&] { make_solver(text); });
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << text;
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << text << ": " << error->what();
  }
}

// The row says what the factory reads, and nothing else.
TEST(SolverOptions, rows_list_exactly_what_is_read) {
  for (const auto& entry : solver_table()) {
    std::string expected = entry.name;
    std::vector<std::string> keys;
    for (const auto& option : entry.options) keys.push_back(option.substr(0, option.find('=')));
    const std::string resolved = resolve_solver(entry.name);
    EXPECT_EQ(std::count(resolved.begin(), resolved.end(), ','), static_cast<int64_t>(keys.size())) << resolved;
    for (const auto& key : keys) EXPECT_NE(resolved.find("," + key + "="), std::string::npos) << resolved << " " << key;
  }
}

}  // namespace
}  // namespace farfield

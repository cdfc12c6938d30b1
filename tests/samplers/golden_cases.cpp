#include "tests/samplers/golden_cases.h"

#include <functional>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "core/text.h"
#include "samplers/schedules/noise_levels.h"

namespace farfield::test {
namespace {

using nlohmann::json;

double number(const json& options, const std::vector<std::string>& spellings, double fallback) {
  for (const auto& name : spellings) {
    if (!options.contains(name)) continue;
    return options[name] == "inf" ? std::numeric_limits<double>::infinity() : options[name].get<double>();
  }
  return fallback;
}

// ",key=value" for options that we have under the same name.
std::string passed_on(const json& options, const std::vector<std::string>& keys) {
  std::string text;
  for (const auto& key : keys) {
    if (!options.contains(key)) continue;
    const json& value = options[key];
    text += "," + key + "=" + (value.is_string() ? value.get<std::string>() : format_double(value.get<double>()));
  }
  return text;
}

std::string multistep_options(const json& options) {
  return fmt::format(",predict={},lower_order_final={}", options.at("predict_x0").get<bool>() ? "x0" : "eps",
                     options.at("lower_order_final").get<bool>() ? "yes" : "no");
}

std::string ipndm_v(const json& options) {
  const int order = options.at("max_order");
  return fmt::format("ipndm_v{}{}", order, order > 2 ? "_compat" : "");
}

std::string deis(const json& options) {
  const int order = options.at("max_order");
  return options.at("deis_mode") == "tab" ? fmt::format("deis_tab{}_compat", order)
                                          : fmt::format("deis_rhoab{}", order);
}

std::string dpmpp(const json& options) {
  const int order = options.at("max_order");
  return fmt::format("dpmpp_{}m{}{}", order, order > 2 ? "_compat" : "", multistep_options(options));
}

// The range that the reference fits its vp schedule to.
std::pair<double, double> ablation_range(const json& options) {
  const std::string kind = options.at("discretization");
  if (kind == "vp") return {0.010485992786706403, 152.16697028394623};
  if (kind == "ve") return {0.02, 100};
  if (kind == "iddpm") return {0.002, 81};
  return {number(options, {"sigma_min"}, 0.002), number(options, {"sigma_max"}, 80)};
}

std::string ablation(const json& options) {
  const auto [low, high] = ablation_range(options);
  return fmt::format("edm_ablation,rule={},vp_min={},vp_max={}", options.at("solver").get<std::string>(),
                     format_double(low), format_double(high)) +
         passed_on(options, {"schedule", "scaling", "alpha"});
}

std::string dpmpp_2m_sde(const json& options) {
  return "dpmpp_2m_sde" + passed_on(options, {"eta", "s_noise"}) +
         (options.contains("solver_type") ? ",type=" + options["solver_type"].get<std::string>() : "");
}

// Peers' names of the methods we have.
const std::map<std::string, std::function<std::string(const json& options)>>& names() {
  const auto is = [](const std::string& name) { return [name](const json&) { return name; }; };
  const auto with_noise = [](const std::string& name) {
    return [name](const json& options) { return name + passed_on(options, {"r", "eta", "s_noise"}); };
  };
  static const std::map<std::string, std::function<std::string(const json&)>> kNames = {
      {"euler", is("euler")},
      {"k_euler", is("euler")},
      {"heun", is("heun")},
      {"k_heun", is("heun")},
      {"edm", is("heun")},
      {"dpm2", [](const json& o) { return "dpm2" + passed_on(o, {"r"}); }},
      {"k_dpm_2", is("dpm2")},
      {"ipndm", [](const json& o) { return fmt::format("ipndm{}", o.at("max_order").get<int>()); }},
      {"ipndm_v", ipndm_v},
      {"deis", deis},
      {"dpmpp", dpmpp},
      {"k_dpmpp_2m", is("dpmpp_2m,lower_order_final=no")},
      {"unipc",
       [](const json& o) {
    return fmt::format("unipc{}_{}{}", o.at("max_order").get<int>(), o.at("variant").get<std::string>(),
                       multistep_options(o));
  }},
      {"k_lms", [](const json& o) { return fmt::format("lms{}", o.at("order").get<int>()); }},
      {"k_dpm_fast", [](const json& o) { return "dpm_fast" + passed_on(o, {"eta", "s_noise"}); }},
      {"k_dpm_adaptive",
       [](const json& o) {
    return "dpm_adaptive_compat" + passed_on(o, {"order", "rtol", "atol", "h_init", "pcoeff", "icoeff", "dcoeff",
                                                 "accept_safety", "eta", "s_noise"});
  }},
      {"k_euler_ancestral", with_noise("euler_ancestral")},
      {"k_dpm_2_ancestral", with_noise("dpm2_ancestral")},
      {"k_dpmpp_2s_ancestral", with_noise("dpmpp_2s_ancestral")},
      {"k_dpmpp_sde", with_noise("dpmpp_sde")},
      {"k_dpmpp_2m_sde", dpmpp_2m_sde},
      {"k_dpmpp_3m_sde", with_noise("dpmpp_3m_sde_compat")},
      {"edm_ablation", ablation},
  };
  return kNames;
}

std::vector<double> ablation_levels(const json& options, const json& schedules) {
  for (const auto& entry : schedules.at("edm_ablation_sigmas")) {
    const bool same = entry.at("discretization") == options.at("discretization") &&
                      entry.at("num_steps") == options.at("num_steps");
    if (same) return entry.at("sigmas").get<std::vector<double>>();
  }
  return {};
}

std::vector<double> levels_of(const json& item, const json& schedules) {
  const json& options = item.at("options");
  if (!item.at("schedule").is_null()) {
    const json& named = schedules.at("named").at(item.at("schedule").get<std::string>());
    auto levels = named.at("sigmas").get<std::vector<double>>();
    if (item.value("append_zero", false)) levels.push_back(0);
    return levels;
  }
  if (options.contains("discretization") && !options.contains("sigma_min")) return ablation_levels(options, schedules);
  NoiseLevelOptions polynomial{.sigma_min = options.at("sigma_min"), .sigma_max = options.at("sigma_max")};
  polynomial.rho = number(options, {"rho"}, 7);
  if (options.contains("num_steps")) {
    polynomial.steps = options.at("num_steps");
  } else {  // DPM-Solver fast and adaptive: a budget of n, or none
    polynomial.steps = options.value("n", 1);
    polynomial.final = "sigma_min";
  }
  return noise_levels(polynomial);
}

Churn churn_of(const json& options) {
  const Churn none;
  return {number(options, {"s_churn", "S_churn"}, none.s_churn), number(options, {"s_tmin", "S_min"}, none.s_min),
          number(options, {"s_tmax", "S_max"}, none.s_max),
          options.contains("eta") ? none.s_noise : number(options, {"s_noise", "S_noise"}, none.s_noise)};
}

}  // namespace

std::optional<GoldenCase> golden_case(const json& item, const json& schedules) {
  const auto found = names().find(item.at("solver"));
  if (found == names().end()) return std::nullopt;
  const json& options = item.at("options");
  GoldenCase result{.solver = found->second(options), .levels = levels_of(item, schedules), .options = {}};
  result.options.churn = churn_of(options);
  result.options.afs = options.value("afs", false);
  result.options.denoise_to_zero = options.value("denoise_to_zero", false);
  if (options.value("dynamic_thresholding", false)) result.options.threshold = 0.995;
  result.scaled_states = options.value("scaling", "none") == "vp";
  return result;
}

}  // namespace farfield::test

#include "samplers/solvers/solver_registry.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/named_options.h"
#include "core/text.h"
#include "samplers/solvers/error_control.h"
#include "samplers/solvers/solvers.h"
#include "samplers/solvers/table_file.h"
#include "samplers/solvers/table_solver.h"

namespace farfield {
namespace {

// For solvers without options.
template <class Make>
auto plain(Make make) {
  return [make](const SolverOptions&) { return make(); };
}

// For families: one factory, told the order.
template <class Make>
auto with_order(Make make, int order) {
  return [make, order](const SolverOptions&) { return make(order); };
}

template <class Make, class Order>
auto with_options_and_order(Make make, Order order) {
  return [make, order](const SolverOptions& options) { return make(options, order); };
}

auto unipc(int order, bool bh2) {
  return [order, bh2](const SolverOptions& options) { return make_unipc(options, order, bh2); };
}

// A one-step method of the ODE with fresh noise after each step.
template <class Make>
auto ancestral(Make make) {
  return [make](const SolverOptions& options) { return make_ancestral(make(), options); };
}

std::unique_ptr<const Solver> dpm2() { return make_dpm2(SolverOptions("dpm2")); }

const std::vector<std::string> kFreshNoise = {"eta=", "s_noise="};
const std::vector<std::string> kSingleStepSde = {"r=", "eta=", "s_noise="};
const std::vector<std::string> kMidpointSde = {"type=midpoint|heun", "eta=", "s_noise="};
const std::vector<std::string> kMultistep = {"predict=x0|eps", "lower_order_final=yes|no"};
const std::vector<std::string> kAblation = {
    "schedule=linear|ve|vp", "scaling=none|vp", "rule=heun|euler", "alpha=", "vp_min=", "vp_max="};

std::vector<std::string> adaptive_options() {
  std::vector<std::string> forms = {"order=2|3", "h_init=", "eta=", "s_noise="};
  forms.insert(forms.end(), kErrorControlOptions.begin(), kErrorControlOptions.end());
  return forms;
}

const SolverEntry& entry_of(const std::string& name) {
  for (const auto& entry : solver_table()) {
    if (entry.name == name) return entry;
  }
  throw usage_error(unknown_name("solver", name, solver_names()));
}

// The row of `text` and its options, checked against the row.
std::pair<const SolverEntry&, SolverOptions> look_up(std::string_view text) {
  NamedOptions parts = parse_named_options("solver", text);
  const SolverEntry& entry = entry_of(parts.name);
  const std::vector<std::string> keys = option_keys(entry.options);
  for (const auto& [key, value] : parts.options) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    if (entry.options.empty()) {
      throw usage_error(fmt::format("solver {}: takes no options, got {}={}; leave it out", entry.name, key, value));
    }
    throw usage_error(fmt::format("solver {}: {}", entry.name, unknown_name("option", key, keys)));
  }
  return {entry, SolverOptions(entry.name, std::move(parts.options))};
}

}  // namespace

const std::vector<SolverEntry>& solver_table() {
  static const std::vector<SolverEntry> table = {
      {"euler", "Euler = DDIM; order 1, one evaluation a step", {}, plain(make_euler)},
      {"heun", "Heun, EDM's sampler; order 2, two evaluations a step, one in a step to 0", {}, plain(make_heun)},
      {"dpm2", "DPM-Solver-2; order 2, two evaluations a step", {"r="}, make_dpm2},
      {"midpoint", "midpoint rule; order 2, two evaluations a step", {}, plain(make_midpoint)},
      {"ralston", "Ralston's rule; order 2, two evaluations a step", {}, plain(make_ralston)},
      {"rk4", "classic Runge-Kutta; order 4, four evaluations a step", {}, plain(make_rk4)},
      {"dopri5", "Dormand-Prince, adaptive between levels; order 5, a reference", kErrorControlOptions, make_dopri5},
      {"dpmpp_1m", "DPM-Solver++ multistep; order 1, one evaluation a step", kMultistep,
       with_options_and_order(make_dpmpp_multistep, 1)},
      {"dpmpp_2m", "DPM-Solver++ multistep; order 2, one evaluation a step", kMultistep,
       with_options_and_order(make_dpmpp_multistep, 2)},
      {"dpmpp_3m", "DPM-Solver++ multistep; order 3, one evaluation a step", kMultistep,
       with_options_and_order(make_dpmpp_multistep, 3)},
      {"dpmpp_3m_compat", "dpmpp_3m as published, half of its second difference; order 2", kMultistep,
       make_dpmpp_3m_compat},
      {"dpmpp_2s", "DPM-Solver++ single-step; order 2, two evaluations a step", {}, plain(make_dpmpp_2s)},
      {"dpmpp_3s", "DPM-Solver++ single-step; order 3, three evaluations a step", {}, plain(make_dpmpp_3s)},
      {"dpm_fast", "DPM-Solver, orders 3, 2, 1 on its own levels; N evaluations", {"eta=", "s_noise="}, make_dpm_fast},
      {"dpm_adaptive", "DPM-Solver 12 or 23, steps by error, from first to last level", adaptive_options(),
       with_options_and_order(make_dpm_adaptive, false)},
      {"dpm_adaptive_compat", "the same, evaluating anew after a rejected step", adaptive_options(),
       with_options_and_order(make_dpm_adaptive, true)},
      {"ipndm1", "iPNDM, weights of equal steps; order 1, one evaluation a step", {}, with_order(make_ipndm, 1)},
      {"ipndm2", "iPNDM, weights of equal steps; order 2, one evaluation a step", {}, with_order(make_ipndm, 2)},
      {"ipndm3", "iPNDM, weights of equal steps; order 2, one evaluation a step", {}, with_order(make_ipndm, 3)},
      {"ipndm4", "iPNDM, weights of equal steps; order 2, one evaluation a step", {}, with_order(make_ipndm, 4)},
      {"ipndm_v1", "iPNDM_v, exact; order 1, one evaluation a step", {}, with_order(make_ipndm_v, 1)},
      {"ipndm_v2", "iPNDM_v, exact; order 2, one evaluation a step", {}, with_order(make_ipndm_v, 2)},
      {"ipndm_v3", "iPNDM_v, exact; order 3, one evaluation a step", {}, with_order(make_ipndm_v, 3)},
      {"ipndm_v4", "iPNDM_v, exact; order 4, one evaluation a step", {}, with_order(make_ipndm_v, 4)},
      {"ipndm_v3_compat", "ipndm_v3 as published, with wrong weights", {}, with_order(make_ipndm_v_compat, 3)},
      {"ipndm_v4_compat", "ipndm_v4 as published, with wrong weights", {}, with_order(make_ipndm_v_compat, 4)},
      {"deis_tab1", "tAB-DEIS, 1 slope; order 1, one evaluation a step", {}, with_order(make_deis_tab, 1)},
      {"deis_tab2", "tAB-DEIS, 2 slopes; order 2, one evaluation a step", {}, with_order(make_deis_tab, 2)},
      {"deis_tab3", "tAB-DEIS, 3 slopes; order 3, one evaluation a step", {}, with_order(make_deis_tab, 3)},
      {"deis_tab4", "tAB-DEIS, 4 slopes; order 4, one evaluation a step", {}, with_order(make_deis_tab, 4)},
      {"deis_tab2_compat", "deis_tab2 as published, by 10,000 rectangles", {}, with_order(make_deis_tab_compat, 2)},
      {"deis_tab3_compat", "deis_tab3 as published, by 10,000 rectangles", {}, with_order(make_deis_tab_compat, 3)},
      {"deis_tab4_compat", "deis_tab4 as published, by 10,000 rectangles", {}, with_order(make_deis_tab_compat, 4)},
      {"deis_rhoab1", "rhoAB-DEIS; order 1, one evaluation a step", {}, with_order(make_deis_rhoab, 1)},
      {"deis_rhoab2", "rhoAB-DEIS; order 2, one evaluation a step", {}, with_order(make_deis_rhoab, 2)},
      {"deis_rhoab3", "rhoAB-DEIS; order 3, one evaluation a step", {}, with_order(make_deis_rhoab, 3)},
      {"deis_rhoab4", "rhoAB-DEIS; order 4, one evaluation a step", {}, with_order(make_deis_rhoab, 4)},
      {"unipc1_bh1", "UniPC-1, B(h) = h; order 2, one evaluation a step", kMultistep, unipc(1, false)},
      {"unipc1_bh2", "UniPC-1, B(h) = e^h - 1; order 2, one evaluation a step", kMultistep, unipc(1, true)},
      {"unipc2_bh1", "UniPC-2, B(h) = h; order 3, one evaluation a step", kMultistep, unipc(2, false)},
      {"unipc2_bh2", "UniPC-2, B(h) = e^h - 1; order 3, one evaluation a step", kMultistep, unipc(2, true)},
      {"unipc3_bh1", "UniPC-3, B(h) = h; order 4, one evaluation a step", kMultistep, unipc(3, false)},
      {"unipc3_bh2", "UniPC-3, B(h) = e^h - 1; order 4, one evaluation a step", kMultistep, unipc(3, true)},
      {"lms1", "linear multistep, exact; order 1, one evaluation a step", {}, with_order(make_lms, 1)},
      {"lms2", "linear multistep, exact; order 2, one evaluation a step", {}, with_order(make_lms, 2)},
      {"lms3", "linear multistep, exact; order 3, one evaluation a step", {}, with_order(make_lms, 3)},
      {"lms4", "linear multistep, exact; order 4, one evaluation a step", {}, with_order(make_lms, 4)},
      {"spndm", "S-PNDM, Heun then iPNDM-2; order 2, one evaluation a step", {}, plain(make_spndm)},
      {"res_2s", "RES, exponential Runge-Kutta; order 2, two evaluations a step", {}, plain(make_res_2s)},
      {"res_multistep",
       "RES, exponential Adams-Bashforth; order 2, one evaluation a step",
       {},
       plain(make_res_multistep)},
      {"euler_ancestral", "Euler with fresh noise; weak order 1, one evaluation a step", kFreshNoise,
       ancestral(make_euler)},
      {"dpm2_ancestral", "DPM-Solver-2 with fresh noise; weak order 2, two evaluations a step", kFreshNoise,
       ancestral(dpm2)},
      {"dpmpp_2s_ancestral", "dpmpp_2s with fresh noise; weak order 2, two evaluations a step", kFreshNoise,
       ancestral(make_dpmpp_2s)},
      {"dpmpp_sde", "DPM-Solver++ single-step for the SDE; two evaluations a step", kSingleStepSde, make_dpmpp_sde},
      {"dpmpp_2m_sde", "DPM-Solver++ 2M for the SDE; one evaluation a step", kMidpointSde, make_dpmpp_2m_sde},
      {"dpmpp_3m_sde", "DPM-Solver++ 3M for the SDE; one evaluation a step", kFreshNoise, make_dpmpp_3m_sde},
      {"dpmpp_3m_sde_compat", "dpmpp_3m_sde as published, half of its second difference", kFreshNoise,
       make_dpmpp_3m_sde_compat},
      {"edm_ablation",
       "EDM's generalised sampler; order 2 (heun), two evaluations a step; ve and vp from sigma_min 0.002 up",
       kAblation, make_edm_ablation},
      {"mean_shift",
       "annealed mean shift, x = D; not the ODE: order 0, one evaluation a step",
       {},
       plain(make_mean_shift)},
  };
  return table;
}

std::vector<std::string> solver_names() {
  std::vector<std::string> names;
  for (const auto& entry : solver_table()) names.push_back(entry.name);
  return names;
}

std::string solver_help() {
  std::vector<std::string> lines;
  for (const auto& entry : solver_table()) {
    const std::string takes = entry.options.empty() ? "" : "; takes " + join(entry.options, ",");
    lines.push_back(fmt::format("  {:<20} {}{}", entry.name, entry.summary, takes));
  }
  lines.push_back(
      fmt::format("  {:<20} {}", "table:FILE",
                  "a table of levels and coefficients, as farfield solver fit writes it; its levels are the schedule"));
  return join(lines, "\n");
}

std::unique_ptr<const Solver> make_solver(std::string_view text) {
  if (const auto file = table_named(text)) return make_table_solver(read_table(*file).table, std::string(text));
  const auto [entry, options] = look_up(text);
  return entry.make(options);
}

std::string resolve_solver(std::string_view text) {
  if (table_named(text)) return std::string(make_solver(text)->name());
  const auto [entry, options] = look_up(text);
  entry.make(options);
  return options.resolved();
}

}  // namespace farfield

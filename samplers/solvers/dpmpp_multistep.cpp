// DPM-Solver++ multistep (Lu et al. 2022b, algorithm 2) and its third-order member, exact and as published; the same for
// the SDE (k-diffusion's 2M SDE and 3M SDE).
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "samplers/solvers/fresh_noise.h"
#include "samplers/solvers/multistep.h"
#include "samplers/solvers/phi_functions.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

struct DpmppVariant {
  int max_order;
  Prediction prediction = Prediction::kDenoised;
  bool lower_order_final = false;
  double second_difference =
      2;                      // weight of D2 in units of phi_3: 2 is right, for D2 = m'' h^2 / 2; published code has 1
  bool halved_order2 = true;  // phi_1 / 2 in place of phi_2 at order 2: "midpoint", and the deterministic methods
  FreshNoise fresh = {.eta = 0};
};

int64_t order_of(const DpmppVariant& variant, const RunPlan& plan, int64_t i) {
  const auto steps = static_cast<int64_t>(plan.intervals.size());
  const int64_t usable = usable_values(plan, i, variant.max_order);
  if (plan.intervals[i].to == 0) return 1;
  return variant.lower_order_final ? std::min(usable, steps - i) : usable;
}

// With lambda = -log sigma, h = lambda(to) - lambda(from) and m the prediction,
//   x0:  x' = (to/from) x + h [phi_1(-h) m + phi_2(-h) h m' + phi_3(-h) h^2 m'']
//   eps: x' = x - to h [phi_1(h) m + phi_2(h) h m' + phi_3(h) h^2 m'']
// with m' and m'' from divided differences over lambda, and phi_1 / 2 in place of phi_2 at order 2. The SDE (x0 only):
//   x' = (to/from) e^(-eta h) x + H [phi_1(-H) m + phi_2(-H) h m' + phi_3(-H) h^2 m'']
//        + to sqrt(1 - e^(-2 eta h)) s_noise z,  H = (1 + eta) h.
MultistepWeights weights_of(const DpmppVariant& variant, const RunPlan& plan, int64_t i) {
  const auto [from, to] = plan.intervals[i];
  const bool x0 = variant.prediction == Prediction::kDenoised;
  if (to == 0) return x0 ? MultistepWeights{.x_factor = 0, .history = {1}} : MultistepWeights{.history = {-from}};
  const double h = std::log(from / to), eta = variant.fresh.eta, reach = (1 + eta) * h, z = x0 ? -reach : h;
  const double scale = x0 ? reach : -to * h, x_factor = x0 ? std::exp(-eta * h) * (to / from) : 1;
  const double noise = variant.fresh.s_noise * to * std::sqrt(-std::expm1(-2 * eta * h));
  const double c0 = scale * phi(1, z);
  const int64_t order = order_of(variant, plan, i);
  if (order == 1) return {x_factor, {c0}, noise};

  const auto spacing = [&](int64_t newer) {
    return std::log(plan.intervals[newer - 1].from / plan.intervals[newer].from);
  };
  const double r0 = spacing(i) / h;
  const double c1 = scale * phi(2, z);
  if (order == 2) {
    const double older = variant.halved_order2 ? c0 / (2 * r0) : c1 / r0;
    return {x_factor, {c0 + older, -older}, noise};
  }

  const double r1 = spacing(i - 1) / h, c2 = variant.second_difference * scale * phi(3, z);
  const double newer = c1 * (1 + r0 / (r0 + r1)) + c2 / (r0 + r1);  // of (m0 - m1) / r0
  const double older = -c1 * r0 / (r0 + r1) - c2 / (r0 + r1);       // of (m1 - m2) / r1
  return {x_factor, {c0 + newer / r0, older / r1 - newer / r0, -older / r1}, noise};
}

std::unique_ptr<const Solver> make(const std::string& name, const SolverOptions& options, int max_order, int order,
                                   double second_difference) {
  const DpmppVariant variant{.max_order = max_order,
                             .prediction = prediction_of(options),
                             .lower_order_final = options.flag("lower_order_final", true),
                             .second_difference = second_difference};
  const auto weights = [variant](const RunPlan& plan, int64_t i) { return weights_of(variant, plan, i); };
  return make_multistep({.name = name, .order = order, .prediction = variant.prediction, .weights = weights});
}

std::unique_ptr<const Solver> make_sde(const std::string& name, const DpmppVariant& variant) {
  const bool stochastic = variant.fresh.eta > 0;
  const int order = stochastic || variant.second_difference != 2 ? 2 : variant.max_order;
  return make_multistep(
      {.name = name,
       .order = order,
       .prediction = Prediction::kDenoised,
       .stochastic = stochastic,
       .weights = [variant](const RunPlan& plan, int64_t i) { return weights_of(variant, plan, i); }});
}

}  // namespace

std::unique_ptr<const Solver> make_dpmpp_multistep(const SolverOptions& options, int max_order) {
  return make(fmt::format("dpmpp_{}m", max_order), options, max_order, max_order, 2);
}

std::unique_ptr<const Solver> make_dpmpp_3m_compat(const SolverOptions& options) {
  return make("dpmpp_3m_compat", options, 3, 2, 1);
}

std::unique_ptr<const Solver> make_dpmpp_2m_sde(const SolverOptions& options) {
  const bool midpoint = options.choice("type", "midpoint", {"midpoint", "heun"}) == "midpoint";
  return make_sde("dpmpp_2m_sde", {.max_order = 2, .halved_order2 = midpoint, .fresh = FreshNoise::read(options)});
}

std::unique_ptr<const Solver> make_dpmpp_3m_sde(const SolverOptions& options) {
  return make_sde("dpmpp_3m_sde", {.max_order = 3, .halved_order2 = false, .fresh = FreshNoise::read(options)});
}

std::unique_ptr<const Solver> make_dpmpp_3m_sde_compat(const SolverOptions& options) {
  return make_sde("dpmpp_3m_sde_compat",
                  {.max_order = 3, .second_difference = 1, .halved_order2 = false, .fresh = FreshNoise::read(options)});
}

}  // namespace farfield

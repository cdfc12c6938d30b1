#pragma once

#include <memory>

#include "samplers/solvers/solver.h"
#include "samplers/solvers/solver_options.h"

namespace farfield {

// One factory per solver; users take solvers by name from samplers/solvers/solver_registry.h. In all of them h is the step in
// the variable named, d the slope (x - D) / sigma, lambda = -log sigma. "Slope methods" extrapolate d, "data methods"
// D. A step to 0, where log sigma and D do not exist: lms, ipndm, ipndm_v and deis of order 2 and more, midpoint, ralston
// and edm_ablation with ve, vp or scaling use their own rule, which needs neither; every other method
// returns D at the level before (Euler's step to 0 is the same), with one evaluation.
// Fewer steps than a method's order: the first steps use as many values as there are.

// x + (to - from) d. The same as DDIM, DPM-Solver-1 and DPM-Solver++1. Order 1, one evaluation a step.
std::unique_ptr<const Solver> make_euler();

// Annealed mean shift (Shen et al. 2005): x = D(x; from), the noise levels being the bandwidths. Euler's step is the convex
// combination (to / from) x + (1 - to / from) D of it and the state ("A Geometric Perspective on Diffusion Models", theorem
// 1). Not the ODE: it does not converge to its solution with more steps, order 0, and there is no way back. One evaluation.
std::unique_ptr<const Solver> make_mean_shift();

// The trapezoidal rule with an Euler predictor (Karras et al. 2022, algorithm 1). The correction is left out exactly
// where it does not exist, at to = 0: with final = zero this is EDM's sampler, with final = sigma_min > 0 that of
// diff-sampler. Order 2, two evaluations a step, one where to = 0.
std::unique_ptr<const Solver> make_heun();

// DPM-Solver-2: the second evaluation at sigma = to^r from^(1 - r), weighted 1/(2r) against 1 - 1/(2r). Option r
// from 0.01 to 1, 1/2 by default: k-diffusion's dpm_2. Order 2, two evaluations a step.
std::unique_ptr<const Solver> make_dpm2(const SolverOptions& options);

// Explicit Runge-Kutta methods over sigma. midpoint and ralston: order 2, two evaluations, also in a step to 0. rk4:
// order 4, four evaluations.
std::unique_ptr<const Solver> make_midpoint();
std::unique_ptr<const Solver> make_ralston();
std::unique_ptr<const Solver> make_rk4();

// Dormand and Prince's adaptive pair of order 5 over sigma, six evaluations an attempt, for reference solutions. It
// stops at every level of the schedule. Options of error_control.h, rtol = atol = 1e-6 by default.
std::unique_ptr<const Solver> make_dopri5(const SolverOptions& options);

// DPM-Solver++ multistep of order 1 to 3 (Lu et al. 2022b): exponential Adams-Bashforth over lambda, one evaluation a
// step. Options: predict=x0|eps; lower_order_final=yes|no, whether the last steps use orders 2 and 1. Public code
// leaves the end of a run shorter than the order as it is; here it is lowered, too.
std::unique_ptr<const Solver> make_dpmpp_multistep(const SolverOptions& options, int max_order);
// Order 3 with half of its second difference, as diff-sampler and k-diffusion publish it: order 2 in truth.
std::unique_ptr<const Solver> make_dpmpp_3m_compat(const SolverOptions& options);

// DPM-Solver++ single-step: order 2 with r = 1/2 (k-diffusion's dpmpp_2s_ancestral at eta = 0), and order 3 with inner
// points at 1/3 and 2/3. As many evaluations a step as the order.
std::unique_ptr<const Solver> make_dpmpp_2s();
std::unique_ptr<const Solver> make_dpmpp_3s();

// Ancestral sampling (k-diffusion): the one-step method `ode` from `from` down to the lower level of ancestral_split(),
// then fresh noise up to `to`. Both parts keep the marginals of the ODE, so the order of the moments is that of `ode`.
// Options eta >= 0 (1) and s_noise (1); eta = 0 is `ode` itself, bit for bit, and draws nothing.
std::unique_ptr<const Solver> make_ancestral(std::unique_ptr<const Solver> ode, const SolverOptions& options);

// DPM++ SDE (k-diffusion, after Lu et al. 2022b): the single-step method of order 2 with ancestral noise at both of its
// evaluations, the second at r of the step in lambda. Options r from 0.01 to 1 (1/2), eta (1), s_noise (1). eta = 0, r = 1/2
// is dpmpp_2s, bit for bit. Two evaluations a step; weak order 2 on a Gaussian.
std::unique_ptr<const Solver> make_dpmpp_sde(const SolverOptions& options);

// DPM++ 2M SDE and 3M SDE (k-diffusion, after Lu et al. 2022b): DPM-Solver++ multistep for the SDE with
// eta times the noise of the reverse process, exact where D does not change. One evaluation a step, orders not lowered
// at the end. Options eta >= 0 (1), s_noise (1), and for 2M type=midpoint|heun, the weight of the difference. eta = 0
// is dpmpp_2m,lower_order_final=no (midpoint), bit for bit; 3M at eta = 0 differs from dpmpp_3m in its second step,
// which takes the weight of heun. `compat` has half of the second difference, as published. Weak order 2 on a Gaussian,
// 3M as well: with noise in D the third difference gains nothing.
std::unique_ptr<const Solver> make_dpmpp_2m_sde(const SolverOptions& options);
std::unique_ptr<const Solver> make_dpmpp_3m_sde(const SolverOptions& options);
std::unique_ptr<const Solver> make_dpmpp_3m_sde_compat(const SolverOptions& options);

// DPM-Solver fast (Lu et al. 2022a, appendix): N evaluations in N/3 + 1 steps of order 3, the last ones of order 2 or 1
// as the count comes out, over its own levels, equally spaced in lambda from the first to the last level above 0.
// Options eta >= 0 (ancestral noise after each step) and s_noise. Order 2 because of its last step.
std::unique_ptr<const Solver> make_dpm_fast(const SolverOptions& options);

// DPM-Solver 12 or 23 with step sizes by error (Lu et al. 2022a, appendix; PID controller of k-diffusion), from the
// first to the last level above 0; the levels between are not used. Options: order=2|3, h_init (in lambda), eta,
// s_noise, and those of error_control.h. Two or three evaluations an attempt, one less after a rejected one, whose
// first evaluation still holds; `compat` makes it again, as k-diffusion does.
std::unique_ptr<const Solver> make_dpm_adaptive(const SolverOptions& options, bool compat);

// Adams-Bashforth with the exact weights of any spacing, up to `order` slopes, one evaluation a step: the integral of
// the polynomial through the last slopes over sigma. Known as LMS (k-diffusion), as rhoAB-DEIS (Zhang and Chen 2023;
// the public code crashes or repeats old weights) and, with weights that are wrong above order 2, as iPNDM_v.
std::unique_ptr<const Solver> make_lms(int order);
std::unique_ptr<const Solver> make_deis_rhoab(int order);
std::unique_ptr<const Solver> make_ipndm_v(int order);
// iPNDM_v of order 3 or 4 with diff-sampler's weights.
std::unique_ptr<const Solver> make_ipndm_v_compat(int order);

// iPNDM (Zhang and Chen 2023): Adams-Bashforth weights of equal steps, whatever the steps are. Order `order` where they
// are equal in sigma, 2 (1 for order 1) on graded schedules.
std::unique_ptr<const Solver> make_ipndm(int order);

// S-PNDM (Liu et al. 2022, in sigma): a first step of Heun, then Adams-Bashforth of order 2 with the weights of equal
// steps. A step to 0 returns D: Heun's first step over a large interval leaves a state that only D forgets. One evaluation
// a step and one more for the first.
std::unique_ptr<const Solver> make_spndm();

// tAB-DEIS (Zhang and Chen 2023) with up to `order` slopes: Adams-Bashforth with polynomials in VP time (deis.h).
// `compat` integrates by diff-sampler's rectangles.
std::unique_ptr<const Solver> make_deis_tab(int order);
std::unique_ptr<const Solver> make_deis_tab_compat(int order);

// UniPC of order p = 1 to 3 with B(h) = h (bh1) or e^h - 1 (bh2) (Zhao et al. 2023): predictor and corrector, order p +
// 1, one evaluation a step, at the predicted point, where Step::denoised belongs; the last step is not corrected.
// Options as DPM-Solver++. Public code corrects the last step of a run shorter than the order, and spends an evaluation
// on it.
std::unique_ptr<const Solver> make_unipc(const SolverOptions& options, int max_order, bool bh2);

// RES (Zhang et al. 2023): the exponential Runge-Kutta method of order 2 with c2 = 1/2, two evaluations a step, and the
// exponential Adams-Bashforth method of order 2 in D, one evaluation.
std::unique_ptr<const Solver> make_res_2s();
std::unique_ptr<const Solver> make_res_multistep();

// EDM's generalised sampler (Karras et al. 2022, table 1): options schedule=linear|ve|vp, sigma(t); scaling=none|vp,
// s(t); rule=heun|euler; alpha from 0.01 to 1, the place of the second stage; vp_min and vp_max, the range that a vp
// schedule is fitted to, the run's first and last level above 0 by default. The levels are the discretisation. Order 2
// or 1. With ve and vp Heun's correction is stiff: it grows like (from / to)^2, so few steps, or levels far apart near
// 0, give large states. Those two are tested down to a level of 0.002 above 0; below, double numbers may overflow.
std::unique_ptr<const Solver> make_edm_ablation(const SolverOptions& options);

}  // namespace farfield

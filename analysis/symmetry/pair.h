#pragma once

namespace farfield {

// Data at -a and +a on a line, each with weight 1/2, in variance-preserving scales: theta = alpha, v = 1 - theta^2 ("Spontaneous
// Symmetry Breaking in Generative Diffusion Models", Raya and Ambrogioni 2023). 0 <= theta < 1, a > 0, x = alpha times the
// exploding state. Everything is divided by beta(t).
struct Pair {
  double a = 1;

  // The potentials whose negative gradients are the drifts of the reverse SDE and of the probability-flow ODE, from their
  // value at 0: -log p - x^2 / 4 and -log p / 2 - x^2 / 4.
  double potential_sde(double x, double theta) const;
  double potential_ode(double x, double theta) const;
  double curvature_sde(double theta) const;  // at 0; the centre is stable while it is above 0
  double curvature_ode(double theta) const;  // at 0; for a = 1 -theta^4 / (2 v^2)

  // The stable fixed point above 0 of the SDE's drift, x (1 + theta^2) / 2 = a theta tanh(a theta x / v); 0 up to the critical
  // theta.
  double fixed_point(double theta) const;
  // Where the fixed point at 0 loses its stability: theta^2 = sqrt(a^4 + 1) - a^2, sigma^2 = a^2 - 1 + sqrt(a^4 + 1).
  double critical_theta() const;
  double critical_sigma() const;
  // The density has two modes below this level: a.
  double modes_sigma() const { return a; }
};

}  // namespace farfield

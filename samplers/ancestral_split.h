#pragma once

#include "samplers/solver.h"

namespace farfield {

// A step of an ancestral sampler (k-diffusion, get_ancestral_step): down to `down` along the ODE, then noise of standard
// deviation `up` back to interval.to: down^2 + up^2 = to^2 and
//   up = min(to, eta to sqrt(from^2 - to^2) / from).
// eta = 1 is the ancestral step of DDPM (Ho et al. 2020), eta = 0 the ODE's: {to, 0}, exactly.
struct AncestralSplit {
  double down, up;
};
AncestralSplit ancestral_split(Interval interval, double eta);

}  // namespace farfield

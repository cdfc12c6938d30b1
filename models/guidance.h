#pragma once

#include <memory>

#include "models/denoiser.h"

namespace farfield {

// Classifier-free guidance (Ho, Salimans: Classifier-Free Diffusion Guidance, 2022; their weight is w - 1):
//   D(x; sigma, c) = D_u + w (D_c - D_u),  D_c = D(x; sigma, c),  D_u = D(x; sigma, 0),
// linear in w: 0 is the model without a class, 1 the conditional model itself, above 1 leans towards the class. Both
// halves are one call on a batch of 2 B, the unconditional half (zero labels) first. Where they cannot differ (w = 1,
// w = 0, no row with a label) it is one call on B, with the wrapped denoiser's own bits. usage_error when the denoiser
// takes no labels or w is not finite.
std::unique_ptr<Denoiser> make_guidance(std::shared_ptr<const Denoiser> denoiser, double weight);

}  // namespace farfield

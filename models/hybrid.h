#pragma once

#include <memory>

#include "models/denoiser.h"

namespace farfield {

// `high` at noise levels sigma >= threshold, `low` below; a batch may hold both. They must agree in sample shape and
// label_dim (a denoiser without labels is given none); usage_error otherwise or when threshold is not in (0, inf).
std::unique_ptr<Denoiser> make_hybrid(std::shared_ptr<const Denoiser> high, std::shared_ptr<const Denoiser> low,
                                      double threshold);

}  // namespace farfield

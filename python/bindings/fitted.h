#pragma once

#include <memory>

#include "models/analytic/reference_file.h"

namespace farfield::python {

// A fitted Gaussian or mixture: a Denoiser that can be written to a file and that teleports.
struct Fitted {
  Reference reference;
  std::shared_ptr<Denoiser> denoiser;
};

// usage_error for a mixture.
const GaussianStats& gaussian_of(const Fitted& fitted);

}  // namespace farfield::python

#pragma once

#include "core/math/mixture_stats.h"

namespace farfield {

// Denoisers whose data distribution is a mixture of Gaussians, a Gaussian being one of one component: make_gaussian(),
// make_mixture(); found by a dynamic_cast.
class KnownMixture {
 public:
  virtual ~KnownMixture() = default;
  virtual MixtureStats mixture() const = 0;
};

}  // namespace farfield

#pragma once

#include "analysis/paths/part_store.h"
#include "samplers/few_steps/fit_record.h"

namespace farfield {

// A finished fit as a kept part holds it, and back: all but its settings.
Arrays arrays_of_fit(const FitRecord& fit);
FitRecord fit_of_arrays(const Arrays& arrays, const FitSettings& settings);

}  // namespace farfield

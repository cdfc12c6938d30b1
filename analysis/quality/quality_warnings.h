#pragma once

#include <string>
#include <vector>

#include "analysis/quality/quality.h"

namespace farfield {

// Why the numbers of a run may mislead, what was left out and what was drawn, a sentence each: fewer samples than features
// (the Fréchet distance is then mostly its bias), covariances by other divisors, features of which nobody says how they were made,
// blocks of different sizes, numbers of samples that the name of a preset does not stand for, a test split as reference.
std::vector<std::string> quality_warnings(const QualityRun& run);

}  // namespace farfield

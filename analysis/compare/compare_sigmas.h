#pragma once

#include <string>
#include <vector>

#include "analysis/compare/comparison.h"

namespace farfield {

// Noise levels as typed: "0.1,1,10" (sorted here) or LOW:HIGH:COUNT, evenly spaced in the logarithm, both ends exact.
// usage_error for anything else; CompareOptions::validate() checks the levels themselves.
std::vector<double> parse_sigmas(const std::string& text);

// 16 levels of "The Unreasonable Effectiveness of Gaussian Score Approximation" (0.01 ... 80) with four between; those
// on which the model and every reference are defined.
std::vector<double> default_sigmas(const Subject& model, const std::vector<Subject>& references);

}  // namespace farfield

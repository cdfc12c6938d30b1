#pragma once

#include <string>
#include <vector>

#include "analysis/compare/comparison.h"

namespace farfield {

// Noise levels as typed (core/number_list.h), rising. CompareOptions::validate() checks the levels themselves.
std::vector<double> parse_sigmas(const std::string& text);

// 16 levels of "The Unreasonable Effectiveness of Gaussian Score Approximation" (0.01 ... 80) with four between; those
// on which the model and every reference are defined.
std::vector<double> default_sigmas(const Subject& model, const std::vector<Subject>& references);

}  // namespace farfield

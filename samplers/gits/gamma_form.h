#pragma once

#include <string>
#include <vector>

namespace farfield {

// What gamma weighs in the cost of a way of K segments c_0, ..., c_(K-1), from the highest level on.
enum class GammaForm {
  kComputed,  // sum_m gamma^m c_m: what the public code of GITS computes
  kPrinted,   // gamma (c_0 + ... + c_(K-2)) + c_(K-1): its algorithm 1 as printed; all segments but the last alike
};

const std::vector<std::string>& gamma_form_names();  // "computed", "printed"
std::string to_string(GammaForm form);
// usage_error for another name.
GammaForm parse_gamma_form(const std::string& name);

}  // namespace farfield

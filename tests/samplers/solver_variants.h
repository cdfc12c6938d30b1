#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

#include "samplers/integrate.h"

namespace farfield::test {

// [4, 3] float64, for runs over the toy denoisers.
torch::Tensor toy_latents();

// What a run of any row of the table needs: stochastic solvers are swept with a path of zeros.
IntegrateOptions quiet(const torch::Tensor& x);

// Every row of the table as it is, and once more for every word that one of its options can take: "dpmpp_2m,predict=eps".
std::vector<std::string> solver_variants();

// These, every option that is a number with each of a few that it takes, and all pairs of which one is a word. A new row
// or option joins by itself.
std::vector<std::string> solver_variants_with_numbers();

}  // namespace farfield::test

#pragma once

#include <torch/types.h>

namespace farfield {

// How many different samples there are (Vendi score, Friedman and Dieng 2023): exp of the entropy of the eigenvalues of X X^T / n,
// the rows of X [n, d] scaled to length 1. Between 1 and min(n, d). NaN where a row is 0.
double vendi_score(const torch::Tensor& features);

}  // namespace farfield

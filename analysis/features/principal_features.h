#pragma once

#include <cstdint>
#include <string>

#include <torch/types.h>

#include "core/data/source.h"

namespace farfield {

// The leading principal components of data, float64.
struct PrincipalBasis {
  torch::Tensor mean;     // [D]
  torch::Tensor vectors;  // [D, R], orthonormal columns, the largest entry of each positive
  std::string sha256;     // of both
};

// Of all samples, images as bytes where `quantised`. usage_error for a rank above min(N - 1, D) or more numbers a sample than
// limits allow.
PrincipalBasis principal_basis(const DataSource& data, int64_t rank, bool quantised);

}  // namespace farfield

#include "analysis/features/principal_features.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/features/feature_input.h"
#include "core/error.h"
#include "core/io/sha256.h"
#include "core/io/tensor_bytes.h"
#include "core/math/eigen.h"
#include "core/math/moments.h"

namespace farfield {
namespace {

constexpr int64_t kPrincipalRows = 2048;  // samples in float64 at once

std::string hash_of(const std::vector<torch::Tensor>& tensors) {
  Sha256 hash;
  for (const torch::Tensor& tensor : tensors) {
    const torch::Tensor whole = tensor.contiguous();
    hash.add(std::as_bytes(std::span(text_of(whole))));
  }
  return hash.hexadecimal();
}

}  // namespace

PrincipalBasis principal_basis(const DataSource& data, int64_t rank, bool quantised) {
  const int64_t count = data.info().count, dim = c10::multiply_integers(data.info().shape);
  if (const int64_t most = std::min(count - 1, dim); rank > most)
    throw usage_error(fmt::format("features 'pca:{}': {} has {} samples of {} numbers, that is at most pca:{}", rank,
                                  data.info().name, count, dim, most));
  Moments moments(dim);
  for (int64_t first = 0; first < count; first += kPrincipalRows) {
    const torch::Tensor rows = data.rows(first, std::min(kPrincipalRows, count - first));
    moments.add(as_seen(rows, quantised).flatten(1));
  }
  PrincipalBasis basis{
      moments.mean(), covariance_eigen(moments.covariance()).vectors.narrow(1, 0, rank).contiguous(), {}};
  basis.sha256 = hash_of({basis.mean, basis.vectors});
  return basis;
}

}  // namespace farfield

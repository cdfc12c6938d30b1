#include "tests/samplers/golden_models.h"

#include "models/analytic/analytic.h"
#include "tests/support/golden_denoisers.h"

namespace farfield::test {
namespace {

MixtureStats mixture_of(const nlohmann::json& entry) {
  const auto [values, vectors] = at::linalg_eigh(to_tensor(entry.at("covs")));
  const auto weights = to_tensor(entry.at("weights"));
  return {.weights = weights,
          .means = to_tensor(entry.at("means")),
          .bases = vectors.transpose(1, 2).contiguous(),
          .eigenvalues = values,
          .tails = torch::zeros_like(weights),
          .counts = torch::zeros({weights.size(0)}, torch::kInt64)};
}

}  // namespace

std::unique_ptr<Denoiser> golden_model(const nlohmann::json& inputs, const std::string& name) {
  const auto& entry = inputs.at("denoisers").at(name);
  const std::vector<int64_t> shape = {entry.at("dim").get<int64_t>()};
  if (entry.contains("covs")) return make_mixture(mixture_of(entry), shape);
  if (entry.contains("points")) return make_delta(to_tensor(entry.at("points")), shape);
  return make_gaussian({.mean = to_tensor(entry.at("mean")),
                        .basis = to_tensor(entry.at("U")),
                        .eigenvalues = to_tensor(entry.at("eig"))},
                       shape);
}

}  // namespace farfield::test

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "models/analytic/fit.h"

namespace farfield {

namespace {

// N(mean, tr(S)/d I) in two passes: neither the covariance nor its eigenvectors are needed.
std::unique_ptr<AnalyticDenoiser> fit_isotropic(const DataSource& data) {
  const int64_t count = data.info().count, dim = dim_of(data);
  const auto rows = [&](int64_t first) {
    const int64_t size = std::min(kRowsAtOnce, count - first);
    return data.rows(first, size).reshape({size, dim}).to(torch::kFloat64);
  };
  auto mean = torch::zeros({dim}, torch::kFloat64);
  for (int64_t first = 0; first < count; first += kRowsAtOnce) mean += rows(first).sum(0) / static_cast<double>(count);
  double squares = 0;
  for (int64_t first = 0; first < count; first += kRowsAtOnce) {
    squares += (rows(first) - mean).square_().sum().item<double>();
  }
  return make_isotropic(mean, squares / static_cast<double>(count * dim), data.info().shape);
}

int64_t parse_rank(const std::vector<std::string>& parts, size_t index, std::string_view name) {
  if (parts.size() <= index) return 0;
  const int64_t rank = parse_int(parts[index], fmt::format("the rank of reference '{}'", name));
  if (rank < 1) throw usage_error(fmt::format("reference '{}': the rank must be at least 1", name));
  return rank;
}

MixtureOptions mixture_options(const std::vector<std::string>& parts, std::string_view name, uint64_t seed) {
  MixtureOptions options;
  options.per_class = parts[1] == "classes";
  if (!options.per_class) {
    options.components = parse_int(parts[1], fmt::format("the number of components of reference '{}'", name));
  }
  options.rank = parse_rank(parts, 2, name);
  options.seed = seed;
  return options;
}

}  // namespace

std::unique_ptr<AnalyticDenoiser> make_reference(std::string_view name, const DataSource& data, uint64_t seed,
                                                 Comm& comm) {
  const auto parts = split(name, ':');
  const std::string kind = parts.empty() ? "" : parts[0];
  const auto& shape = data.info().shape;
  if (kind == "isotropic" && parts.size() == 1) return fit_isotropic(data);
  if (kind == "gaussian" && parts.size() <= 2) {
    return make_gaussian(measure_gaussian(data, parse_rank(parts, 1, name), comm), shape);
  }
  if (kind == "mixture" && (parts.size() == 2 || parts.size() == 3)) {
    return make_mixture(fit_mixture(data, mixture_options(parts, name, seed), comm), shape);
  }
  if (kind == "delta" && parts.size() == 1) return make_delta(data_matrix(data), shape);
  throw usage_error(unknown_name(
      "reference", name,
      {"isotropic", "gaussian", "gaussian:RANK", "mixture:K", "mixture:K:RANK", "mixture:classes", "delta"}));
}

}  // namespace farfield

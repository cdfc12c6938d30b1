#include "tests/models/analytic/analytic_cases.h"

#include <cmath>
#include <numbers>

#include "core/math/random.h"
#include "models/analytic/far_field.h"
#include "models/analytic/fit.h"
#include "models/registry/reference_registry.h"
#include "tests/support/reference_calls.h"

namespace farfield::test {

namespace {

using torch::Tensor;

constexpr int64_t kDim = 12;
const std::vector<int64_t> kShape = {3, 2, 2};

Tensor orthonormal_rows(int64_t count, int64_t seed) {
  return std::get<0>(at::linalg_qr(normals({kDim, kDim}, seed))).t().narrow(0, 0, count).contiguous();
}

MixtureStats mixture_stats(int64_t components, int64_t rank, double scale, int64_t seed) {
  MixtureStats stats;
  stats.weights = torch::arange(1, components + 1, torch::kFloat64);
  stats.weights /= stats.weights.sum();
  stats.means = 0.6 * normals({components, kDim}, seed);
  std::vector<Tensor> bases;
  for (int64_t k = 0; k < components; ++k) bases.push_back(orthonormal_rows(rank, seed + 1 + k));
  stats.bases = torch::stack(bases);
  stats.eigenvalues = (scale * normals({components, rank}, seed + 100).square()).contiguous();
  stats.tails = torch::zeros({components}, torch::kFloat64);
  stats.counts = torch::zeros({components}, torch::kInt64);
  return stats;
}

Tensor covariances(const MixtureStats& stats) {
  const auto projector = torch::bmm(stats.bases.transpose(1, 2), stats.bases);
  const auto tails = stats.tails.view({-1, 1, 1}) * (torch::eye(kDim, torch::kFloat64) - projector);
  return torch::bmm(stats.bases.transpose(1, 2) * stats.eigenvalues.unsqueeze(1), stats.bases) + tails;
}

AnalyticCase mixture_case(std::string name, std::unique_ptr<AnalyticDenoiser> denoiser, const MixtureStats& stats) {
  const auto spread = covariances(stats);
  const auto brute = [stats, spread](const Tensor& rows, double sigma) {
    return brute_force_mixture(stats.weights, stats.means, spread, rows, sigma);
  };
  std::vector<Tensor> points;
  for (int64_t i = 0; i < 40; ++i) {
    const int64_t k = i % stats.components();
    const auto draw = stats.eigenvalues[k].sqrt() * normals({stats.rank()}, 500 + i);
    points.push_back(stats.means[k] + torch::mv(stats.bases[k].t(), draw) + stats.tails[k].sqrt() * normals({kDim}, i));
  }
  return {std::move(name), std::move(denoiser), brute, torch::stack(points), torch::mv(stats.means.t(), stats.weights)};
}

AnalyticCase gaussian_case(std::string name, int64_t rank, const Tensor& eigenvalues, double tail) {
  const GaussianStats stats{0.3 * normals({kDim}, 7), orthonormal_rows(rank, 8).t().contiguous(), eigenvalues, tail, 0};
  return mixture_case(std::move(name), make_gaussian(stats, kShape), to_mixture(stats));
}

AnalyticCase delta_case(std::string name, const Tensor& points) {
  const auto wide = points.to(torch::kFloat64);
  return {std::move(name), make_delta(points, kShape), [wide](const Tensor& rows, double sigma) {
    return brute_force_delta(wide, rows, sigma);
  }, wide, wide.mean(0)};
}

// With a coordinate that does not vary.
AnalyticCase diagonal_case() {
  auto points = (0.5 * normals({40, 3, 2, 2}, 6)).to(torch::kFloat32);
  points.select(1, 0).fill_(0.25);
  const DataSource data("points", points, {}, 0);
  const auto rows = data_matrix(data).to(torch::kFloat64);
  const auto mean = rows.mean(0), spread = torch::diag((rows - mean).square().mean(0)).unsqueeze(0);
  const auto brute = [mean, spread](const Tensor& x, double sigma) {
    return brute_force_mixture(torch::ones({1}, torch::kFloat64), mean.unsqueeze(0), spread, x, sigma);
  };
  const ReferenceOptions none("diagonal");
  return {"diagonal", diagonal_of({data, none}), brute, rows, mean};
}

// By dense matrices: precision P = (I - S/sigma^2 [+ S^2/sigma^4]) / sigma^2, D = x - sigma^2 P (x - mean).
BruteForce brute_force_far_field(const GaussianStats& stats, int order, const Tensor& rows, double sigma) {
  const auto identity = torch::eye(kDim, torch::kFloat64);
  const auto scaled = covariances(to_mixture(stats))[0] / (sigma * sigma);
  auto precision = identity.clone(), power = identity.clone();
  for (int i = 1; i <= order; ++i) precision += (power = torch::mm(power, -scaled));
  const auto centred = rows - stats.mean, pulled = torch::mm(centred, precision);
  const auto log_det = 2 * at::linalg_cholesky(precision).diagonal().log().sum();
  const double constant = kDim * std::log(2 * std::numbers::pi * sigma * sigma);
  return {order == 0 ? stats.mean.expand_as(rows).clone() : rows - pulled,
          -0.5 * ((centred * pulled).sum(1) / (sigma * sigma) - log_det + constant)};
}

AnalyticCase far_field_case(std::string name, int order, int64_t rank, double tail) {
  const auto falling = torch::exp(-torch::arange(rank, torch::kFloat64));
  const GaussianStats stats{0.3 * normals({kDim}, 7), orthonormal_rows(rank, 8).t().contiguous(), falling, tail, 0};
  const auto brute = [stats, order](const Tensor& rows, double sigma) {
    return brute_force_far_field(stats, order, rows, sigma);
  };
  AnalyticCase result = mixture_case(std::move(name), make_far_field(stats, order, kShape), to_mixture(stats));
  result.brute_force = brute;
  if (order == 0) result.points = stats.mean.expand({40, kDim}).clone();
  result.lowest_sigma = order == 0 ? 0 : 1.05;  // the largest eigenvalue is 1
  return result;
}

// Every kind of the table that has a density or its expansion, fitted to 40 points.
std::vector<AnalyticCase> fitted_cases() {
  const DataSource data("points", (0.5 * normals({40, 3, 2, 2}, 4)).to(torch::kFloat32), {}, 0);
  const auto points = data_matrix(data).to(torch::kFloat64);
  std::vector<AnalyticCase> cases;
  for (const ReferenceKind& kind : reference_table()) {
    const ReferenceOptions options(kind.name, needed_options(kind.name, kShape));
    const std::shared_ptr<const Denoiser> fitted = kind.fit({data, options});
    auto analytic = std::dynamic_pointer_cast<const AnalyticDenoiser>(fitted);
    if (!analytic) continue;
    cases.push_back({"fitted " + kind.name, std::move(analytic), {}, points, points.mean(0)});
    if (kind.name == "mean") cases.back().points = points.mean(0).expand_as(points).clone();
    if (is_expansion(kind.name)) cases.back().lowest_sigma = 1;
  }
  return cases;
}

}  // namespace

BruteForce brute_force_mixture(const Tensor& weights, const Tensor& means, const Tensor& covariances,
                               const Tensor& rows, double sigma) {
  const int64_t dim = rows.size(1);
  std::vector<Tensor> denoised, log_joint;
  for (int64_t k = 0; k < means.size(0); ++k) {
    const auto noisy = covariances[k] + sigma * sigma * torch::eye(dim, torch::kFloat64);
    const auto factor = at::linalg_cholesky(noisy);
    const auto centred = (rows - means[k]).t();
    const auto solved = at::cholesky_solve(centred, factor);
    denoised.push_back(means[k] + torch::mm(covariances[k], solved).t());
    const auto log_det = 2 * factor.diagonal().log().sum();
    const auto distance = (centred * solved).sum(0);
    log_joint.push_back(weights[k].log() -
                        0.5 * (distance + log_det + static_cast<double>(dim) * std::log(2 * std::numbers::pi)));
  }
  const auto joint = torch::stack(log_joint);  // [K, B]
  const auto share = torch::softmax(joint, 0).unsqueeze(2);
  return {(share * torch::stack(denoised)).sum(0), torch::logsumexp(joint, 0)};
}

BruteForce brute_force_delta(const Tensor& points, const Tensor& rows, double sigma) {
  std::vector<Tensor> denoised, log_density;
  const double constant = std::log(static_cast<double>(points.size(0))) +
                          static_cast<double>(rows.size(1)) / 2 * std::log(2 * std::numbers::pi * sigma * sigma);
  for (int64_t b = 0; b < rows.size(0); ++b) {
    const auto logits = (points - rows[b]).square().sum(1) / (-2 * sigma * sigma);
    denoised.push_back(torch::mv(points.t(), torch::softmax(logits, 0)));
    log_density.push_back(torch::logsumexp(logits, 0) - constant);
  }
  return {torch::stack(denoised), torch::stack(log_density)};
}

std::vector<AnalyticCase> analytic_cases() {
  std::vector<AnalyticCase> cases;
  const auto isotropic = GaussianStats{0.3 * normals({kDim}, 7), torch::eye(kDim, torch::kFloat64),
                                       torch::full({kDim}, 0.2, torch::kFloat64), 0, 0};
  cases.push_back(mixture_case("isotropic", make_isotropic(isotropic, kShape), to_mixture(isotropic)));
  cases.push_back(diagonal_case());
  const auto falling = torch::exp(-torch::arange(kDim, torch::kFloat64));
  cases.push_back(gaussian_case("gaussian full", kDim, falling, 0));
  cases.push_back(gaussian_case("gaussian singular", kDim, falling * (falling > 1e-2), 0));
  cases.push_back(gaussian_case("gaussian rank 3", 3, falling.slice(0, 0, 3), 0));
  cases.push_back(gaussian_case("gaussian rank 3 with tail", 3, falling.slice(0, 0, 3), 0.01));

  cases.push_back(far_field_case("far field of order 0", 0, kDim, 0));
  cases.push_back(far_field_case("far field of order 1", 1, kDim, 0));
  cases.push_back(far_field_case("far field of order 2", 2, kDim, 0));
  cases.push_back(far_field_case("far field of order 1, rank 3 with tail", 1, 3, 0.2));
  cases.push_back(far_field_case("far field of order 2, rank 3", 2, 3, 0));

  const auto add_mixture = [&](const char* name, const MixtureStats& stats) {
    cases.push_back(mixture_case(name, make_mixture(stats, kShape), stats));
  };
  add_mixture("mixture full", mixture_stats(4, kDim, 0.05, 20));
  add_mixture("mixture rank 2", mixture_stats(5, 2, 0.1, 40));
  auto padded = mixture_stats(3, 4, 0.1, 60);
  padded.tails.fill_(0.003);
  padded.bases[1].slice(0, 2).zero_();
  padded.eigenvalues[1].slice(0, 2).fill_(0.003);
  add_mixture("mixture padded with tail", padded);
  auto masses = mixture_stats(6, kDim, 0.1, 80);
  masses.eigenvalues.narrow(0, 0, 4).zero_();
  masses.means[1] = masses.means[0];
  add_mixture("mixture with point masses", masses);

  cases.push_back(delta_case("delta of one", normals({1, kDim}, 1)));
  const auto few = 0.5 * normals({40, kDim}, 2);
  cases.push_back(delta_case("delta with duplicates", torch::cat({few, few.narrow(0, 0, 7), few.narrow(0, 0, 3)})));
  cases.push_back(delta_case("delta of thousands", (0.5 * normals({5000, kDim}, 3)).to(torch::kFloat32)));
  for (auto& fitted : fitted_cases()) cases.push_back(std::move(fitted));
  return cases;
}

Tensor probes(const AnalyticCase& analytic, int64_t count, double sigma, int64_t seed) {
  const auto noise = normals({count, kDim}, seed);
  const auto pick = [&](int64_t offset) {
    return analytic.points.index_select(0, (torch::arange(count) * 7 + offset).remainder(analytic.points.size(0)));
  };
  const auto kind = torch::arange(count).remainder(3).unsqueeze(1);
  const auto noised = pick(0) + sigma * noise, between = (pick(0) + pick(1)) / 2 + 0.1 * sigma * noise;
  return torch::where(kind == 0, noised, torch::where(kind == 1, sigma * noise, between));
}

}  // namespace farfield::test

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/math/softmax_sum.h"
#include "models/analytic/analytic_base.h"
#include "models/analytic/component_posterior.h"
#include "models/analytic/fit.h"
#include "models/analytic/known_mixture.h"
#include "models/analytic/reference_fits.h"
#include "models/constant_tensor.h"

namespace farfield {

namespace {

constexpr int64_t kCoefficientsAtOnce = int64_t{1} << 23;  // [B, K, r] doubles: 64 MB
constexpr int64_t kResidualsAtOnce = int64_t{1} << 21;     // [k, B, d] doubles: 16 MB

std::string mixture_name(const MixtureStats& stats) {
  return stats.rank() == stats.dim() ? fmt::format("mixture ({})", stats.components())
                                     : fmt::format("mixture ({}, rank {})", stats.components(), stats.rank());
}

// True when every basis spans the whole space, so that nothing lies outside it: full rank, and no component with fewer
// eigenvectors than that (they have zero rows).
bool bases_span(const MixtureStats& stats) {
  return stats.rank() == stats.dim() && stats.bases.square().sum(2).gt(0.5).all().item<bool>();
}

// tr of the mixture's covariance: mean of the components' plus the spread of their means.
double total_variance(const MixtureStats& stats) {
  const auto inner = stats.eigenvalues.sum(1) + stats.tails * static_cast<double>(stats.dim() - stats.rank());
  const auto mean = torch::mv(stats.means.t(), stats.weights);
  const auto outer = (stats.means - mean).square().sum(1);
  return torch::dot(stats.weights, inner + outer).item<double>();
}

// All arithmetic is float64. Rows are centred at the mean of the means, so that x U - mean_k U loses nothing to a
// common offset; the part of x - mean_k outside the basis is formed as a vector before it is squared, because
// |x - mean_k|^2 - |z|^2 would lose all digits at small sigma.
class Mixture final : public AnalyticBase, public ComponentPosterior, public KnownMixture {
 public:
  Mixture(const MixtureStats& stats, std::vector<int64_t> shape)
      : AnalyticBase("mixture", mixture_name(stats), std::move(shape), stats.dim(), total_variance(stats)),
        stats_(stats),
        centre_(stats.means.mean(0)),
        means_(stats.means - centre_.original()),
        bases_(stats.bases.contiguous()),
        offsets_(torch::bmm(stats.bases, means_.original().unsqueeze(2)).squeeze(2)),
        eigenvalues_(stats.eigenvalues),
        tails_(stats.tails),
        log_weights_(stats.weights.log()),
        spans_(bases_span(stats)) {}

  MixtureStats mixture() const override { return stats_; }

  torch::Tensor responsibilities(const torch::Tensor& x, double sigma) const override {
    check_density_input(info(), x, sigma);
    const torch::Tensor rows = rows_of(x).to(torch::kFloat64);
    std::vector<torch::Tensor> chunks;
    for (const torch::Tensor& chunk : rows.split(chunk_rows())) {
      const auto variance = torch::full({chunk.size(0), 1}, sigma * sigma, chunk.options());
      chunks.push_back(responsibilities(evaluate(chunk, variance)));
    }
    return torch::cat(chunks);
  }

 private:
  struct Parts {
    torch::Tensor rows;       // [B, d] centred
    torch::Tensor z;          // [B, K, r] coefficients of x - mean_k in the basis
    torch::Tensor log_joint;  // [B, K] log w_k + log N(x; mean_k, S_k + sigma^2 I)
  };

  int64_t components() const { return means_.original().size(0); }
  int64_t rank() const { return bases_.original().size(1); }
  int64_t dim() const { return means_.original().size(1); }

  Parts evaluate(const torch::Tensor& raw_rows, const torch::Tensor& variance) const {
    const auto device = raw_rows.device();
    Parts parts;
    parts.rows = raw_rows.to(torch::kFloat64) - centre_.on(device);
    const int64_t batch = parts.rows.size(0);
    const auto bases = bases_.on(device).view({components() * rank(), dim()});
    parts.z = torch::mm(parts.rows, bases.t()).view({batch, components(), rank()}) - offsets_.on(device);
    const auto variances = eigenvalues_.on(device) + variance.unsqueeze(2);  // [B, K, r]
    auto cost = (parts.z.square() / variances + variances.log()).sum(2);
    if (!spans_) {
      const auto outside = tails_.on(device) + variance;  // [B, K]
      cost = cost + residuals(parts) / outside + static_cast<double>(dim() - rank()) * outside.log();
    }
    const double constant = static_cast<double>(dim()) * std::log(2 * std::numbers::pi);
    parts.log_joint = log_weights_.on(device) - 0.5 * (cost + constant);
    return parts;
  }

  // |x - mean_k - U_k z_k|^2, [B, K].
  torch::Tensor residuals(const Parts& parts) const {
    const auto device = parts.rows.device();
    const int64_t at_once = std::max<int64_t>(1, kResidualsAtOnce / std::max<int64_t>(1, parts.rows.numel()));
    std::vector<torch::Tensor> blocks;
    for (int64_t first = 0; first < components(); first += at_once) {
      const int64_t count = std::min(at_once, components() - first);
      const auto means = means_.on(device).narrow(0, first, count).unsqueeze(1);
      const auto z = parts.z.narrow(1, first, count).transpose(0, 1);
      const auto inside = torch::bmm(z, bases_.on(device).narrow(0, first, count));
      blocks.push_back((parts.rows.unsqueeze(0) - means - inside).square().sum(2));
    }
    return torch::cat(blocks, 0).t();
  }

  // How much of a deviation every component keeps.
  struct Gains {
    torch::Tensor tail;   // [B, K] outside its basis
    torch::Tensor inner;  // [B, K, r] what its eigenvectors keep beyond that
  };

  Gains gains(const Parts& parts, const torch::Tensor& variance) const {
    const auto device = parts.rows.device();
    const auto eigenvalues = eigenvalues_.on(device);
    const auto tail = spans_ ? torch::zeros_like(parts.log_joint) : tails_.on(device) / (tails_.on(device) + variance);
    return {tail, eigenvalues / (eigenvalues + variance.unsqueeze(2)) - tail.unsqueeze(2)};
  }

  // sum_k weight_k S_k (S_k + sigma^2 I)^-1 v_k, where v_k has the coefficients z_k and `v` is their common part.
  torch::Tensor kept(const torch::Tensor& weights, const Gains& gains, const torch::Tensor& v,
                     const torch::Tensor& z) const {
    const auto bases = bases_.on(v.device()).view({components() * rank(), dim()});
    const auto weighted = z * gains.inner * weights.unsqueeze(2);
    return (weights * gains.tail).sum(1, /*keepdim=*/true) * v +
           torch::mm(weighted.view({weighted.size(0), -1}), bases);
  }

  // sum_k weight_k (D_k - centre), weights [B, K].
  torch::Tensor combined(const torch::Tensor& weights, const Gains& gains, const Parts& parts) const {
    return torch::mm(weights - weights * gains.tail, means_.on(parts.rows.device())) +
           kept(weights, gains, parts.rows, parts.z);
  }

  static torch::Tensor responsibilities(const Parts& parts) {
    const auto share = torch::softmax(parts.log_joint, 1);  // [B, K]
    return share.masked_fill(share < kNegligibleWeight, 0);
  }

  torch::Tensor denoise_chunk(const torch::Tensor& raw_rows, const torch::Tensor& variance) const {
    const auto parts = evaluate(raw_rows, variance);
    return centre_.on(raw_rows.device()) + combined(responsibilities(parts), gains(parts, variance), parts);
  }

  // dD/dx v = sum_k g_k S_k (S_k + sigma^2 I)^-1 v + sum_k g_k a_k (D_k - D) / sigma^2, a_k = <D_k - D, v>.
  Pullback pull_back_chunk(const torch::Tensor& raw_rows, const torch::Tensor& variance,
                           const torch::Tensor& raw_v) const {
    const auto device = raw_rows.device();
    const auto parts = evaluate(raw_rows, variance);
    const auto share = responsibilities(parts);
    const auto gain = gains(parts, variance);
    const auto v = raw_v.to(torch::kFloat64);
    const auto bases = bases_.on(device).view({components() * rank(), dim()});
    const auto along = torch::mm(v, bases.t()).view_as(parts.z);  // coefficients of v in every basis
    const auto across = torch::mm(v, means_.on(device).t());      // <m_k, v>
    const auto common = (parts.rows * v).sum(1, /*keepdim=*/true);
    const auto projected = across * (1 - gain.tail) + gain.tail * common + (gain.inner * parts.z * along).sum(2);
    const auto slope = share * (projected - (share * projected).sum(1, /*keepdim=*/true));  // g_k a_k
    const auto mean = combined(share, gain, parts);
    const auto spread = combined(slope, gain, parts) - slope.sum(1, /*keepdim=*/true) * mean;
    return {centre_.on(device) + mean, kept(share, gain, v, along) + spread / variance};
  }

  torch::Tensor denoise_rows(const torch::Tensor& rows, const torch::Tensor& variance) const override {
    std::vector<torch::Tensor> chunks;
    for (int64_t first = 0; first < rows.size(0); first += chunk_rows()) {
      const int64_t count = std::min(chunk_rows(), rows.size(0) - first);
      chunks.push_back(denoise_chunk(rows.narrow(0, first, count), variance.narrow(0, first, count)));
    }
    return torch::cat(chunks, 0);
  }

  Pullback pull_back_rows(const torch::Tensor& rows, const torch::Tensor& variance,
                          const torch::Tensor& v) const override {
    std::vector<torch::Tensor> denoised, products;
    for (int64_t first = 0; first < rows.size(0); first += chunk_rows()) {
      const int64_t count = std::min(chunk_rows(), rows.size(0) - first);
      const auto part = [&](const torch::Tensor& all) { return all.narrow(0, first, count); };
      const Pullback chunk = pull_back_chunk(part(rows), part(variance), part(v));
      denoised.push_back(chunk.denoised);
      products.push_back(chunk.product);
    }
    return {torch::cat(denoised, 0), torch::cat(products, 0)};
  }

  // sum_k g_k |D_k - D|^2, [B]: of the components that have a share in some row.
  torch::Tensor spread_of_means(const torch::Tensor& share, const Gains& gains, const Parts& parts,
                                const torch::Tensor& mean) const {
    const auto device = parts.rows.device();
    const auto some = share.gt(0).any(0).nonzero().squeeze(1);
    const int64_t at_once = std::max<int64_t>(1, kResidualsAtOnce / std::max<int64_t>(1, parts.rows.numel()));
    auto spread = torch::zeros({parts.rows.size(0)}, share.options());
    for (const torch::Tensor& index : some.split(at_once)) {
      const auto picked = [&](const torch::Tensor& all) { return all.index_select(1, index).transpose(0, 1); };
      const auto tail = picked(gains.tail).unsqueeze(2);  // [k, B, 1]
      const auto inside = torch::bmm(picked(parts.z * gains.inner), bases_.on(device).index_select(0, index));
      const auto means = means_.on(device).index_select(0, index).unsqueeze(1);
      const auto apart = (1 - tail) * means + tail * parts.rows + inside - mean;
      spread += (picked(share) * apart.square().sum(2)).sum(0);
    }
    return spread;
  }

  // tr dD/dx = sum_k g_k tr S_k (S_k + sigma^2 I)^-1 + sum_k g_k |D_k - D|^2 / sigma^2.
  Traced trace_chunk(const torch::Tensor& raw_rows, const torch::Tensor& variance) const {
    const auto parts = evaluate(raw_rows, variance);
    const auto share = responsibilities(parts);
    const auto gain = gains(parts, variance);
    const auto mean = combined(share, gain, parts);
    const auto own = gain.inner.sum(2) + static_cast<double>(dim()) * gain.tail;  // [B, K]
    return {centre_.on(raw_rows.device()) + mean,
            (share * own).sum(1) + spread_of_means(share, gain, parts, mean) / variance.squeeze(1)};
  }

  Traced trace_rows(const torch::Tensor& rows, const torch::Tensor& variance) const override {
    std::vector<torch::Tensor> denoised, traces;
    for (int64_t first = 0; first < rows.size(0); first += chunk_rows()) {
      const int64_t count = std::min(chunk_rows(), rows.size(0) - first);
      const Traced chunk = trace_chunk(rows.narrow(0, first, count), variance.narrow(0, first, count));
      denoised.push_back(chunk.denoised);
      traces.push_back(chunk.trace);
    }
    return {torch::cat(denoised), torch::cat(traces)};
  }

  torch::Tensor log_density_of_rows(const torch::Tensor& rows, double sigma) const override {
    std::vector<torch::Tensor> chunks;
    for (int64_t first = 0; first < rows.size(0); first += chunk_rows()) {
      const auto chunk = rows.narrow(0, first, std::min(chunk_rows(), rows.size(0) - first));
      const auto variance = torch::full({chunk.size(0), 1}, sigma * sigma, chunk.options());
      chunks.push_back(torch::logsumexp(evaluate(chunk, variance).log_joint, 1));
    }
    return torch::cat(chunks, 0);
  }

  int64_t chunk_rows() const { return std::max<int64_t>(1, kCoefficientsAtOnce / (components() * rank())); }

  MixtureStats stats_;
  ConstantTensor centre_, means_, bases_, offsets_, eigenvalues_, tails_, log_weights_;
  bool spans_;
};

}  // namespace

std::unique_ptr<AnalyticDenoiser> make_mixture(MixtureStats stats, std::vector<int64_t> shape) {
  stats.validate();
  return std::make_unique<Mixture>(stats, std::move(shape));
}

std::unique_ptr<AnalyticDenoiser> mixture_of(const ReferenceRequest& request) {
  const ReferenceOptions& given = request.options;
  if (given.has("per") == given.has("components")) {
    throw usage_error("reference mixture: give either components=K, clusters of k-means, or per=class");
  }
  MixtureOptions options;
  options.per_class = given.has("per") && given.choice("per", "", {"class"}) == "class";
  options.components = given.integer("components", options.components, 1, limits::kMostComponents);
  options.rank = given.integer("rank", options.rank, 1, limits::kMostRank);
  options.tail = given.choice("tail", options.tail, {"zero", "mean"});
  options.ridge = given.number_from("ridge", options.ridge, 0, limits::kHighestVariance);
  options.max_iterations = given.integer("max_iterations", options.max_iterations, 1, limits::kMostIterations);
  options.seed = given.integer("kmeans_seed", static_cast<int64_t>(request.seed), 0, limits::kHighestSeed);
  return make_mixture(fit_mixture(request.data, options, request.comm), request.data.info().shape);
}

}  // namespace farfield

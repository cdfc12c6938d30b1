// The analytic denoisers against the stored vectors, and a few of those numbers that are always there.
#include <map>

#include <nlohmann/json.hpp>

#include "core/io/npz.h"
#include "core/math/eigen.h"
#include "models/analytic/analytic.h"
#include "tests/support/golden_denoisers.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using nlohmann::json;
using torch::Tensor;

struct Golden {
  json inputs, index;
  std::map<std::string, Tensor> arrays;
};

std::optional<Golden> golden() {
  const auto dir = test::golden_dir();
  if (!dir) return std::nullopt;
  return Golden{test::read_json(*dir / "inputs.json"), test::read_json(*dir / "analytic_index.json"),
                read_npz(*dir / "analytic.npz")};
}

GaussianStats eigen_stats(const Tensor& mean, const Tensor& covariance) {
  const auto eigen = covariance_eigen(covariance);
  return {mean, eigen.vectors.contiguous(), eigen.values, 0, 0};
}

GaussianStats golden_gaussian(const Golden& golden, const std::string& name) {
  const auto at = [&](const char* part) { return golden.arrays.at(name + "." + part); };
  const auto order = std::get<1>(at("Lambda").sort(0, /*descending=*/true));
  return {at("mean"), at("U").index_select(1, order).contiguous(), at("Lambda").index_select(0, order), 0, 0};
}

MixtureStats golden_mixture(const Tensor& weights, const Tensor& means, const Tensor& bases,
                            const Tensor& eigenvalues) {
  const auto tails = torch::zeros({means.size(0)}, torch::kFloat64);
  return {weights, means, bases.transpose(1, 2).contiguous(), eigenvalues, tails, tails.to(torch::kInt64)};
}

std::unique_ptr<AnalyticDenoiser> denoiser_of_inputs(const json& inputs, const std::string& name) {
  const auto& entry = inputs.at("denoisers").at(name);
  const auto shape = inputs.at("image_shapes").at(name).get<std::vector<int64_t>>();
  if (entry.at("kind") == "delta_mixture") return make_delta(test::to_tensor(entry.at("points")), shape);
  if (entry.at("kind") == "lowrank_gaussian") {
    return make_gaussian(
        {test::to_tensor(entry.at("mean")), test::to_tensor(entry.at("U")), test::to_tensor(entry.at("eig")), 0, 0},
        shape);
  }
  const auto means = test::to_tensor(entry.at("means")), covariances = test::to_tensor(entry.at("covs"));
  std::vector<Tensor> bases, eigenvalues;
  for (int64_t k = 0; k < means.size(0); ++k) {
    const auto stats = eigen_stats(means[k], covariances[k]);
    bases.push_back(stats.basis);
    eigenvalues.push_back(stats.eigenvalues);
  }
  return make_mixture(
      golden_mixture(test::to_tensor(entry.at("weights")), means, torch::stack(bases), torch::stack(eigenvalues)),
      shape);
}

TEST(AnalyticGolden, golden_denoisers_at_all_stored_points) {
  const auto data = golden();
  if (!data) GTEST_SKIP() << "no golden folder: set FARFIELD_GOLDEN";
  const auto& points = data->index.at("score_points");
  const auto sigmas = points.at("sigmas").get<std::vector<double>>();
  for (const auto& [name, array] : data->index.at("denoised").items()) {
    const auto denoiser = denoiser_of_inputs(data->inputs, name);
    const auto x = data->arrays.at(points.at("arrays").at(name).get<std::string>());
    const auto expected = data->arrays.at(array.get<std::string>());
    std::vector<int64_t> batch = denoiser->info().sample_shape;
    batch.insert(batch.begin(), x.size(1));
    for (size_t i = 0; i < sigmas.size(); ++i) {
      const auto result = (*denoiser)(x[i].reshape(batch), sigmas[i]).reshape(x[i].sizes());
      EXPECT_LE(test::deviation(result, expected[i]), 1e-9) << name << " at sigma " << sigmas[i];
    }
  }
}

// The stored function -> the denoiser that computes the same exactly; nothing for the sources' approximations.
std::unique_ptr<AnalyticDenoiser> denoiser_of_score(const Golden& golden, const json& entry) {
  const auto function = entry.at("function").get<std::string>();
  const auto& args = entry.at("args");
  const auto& points = entry.at("points");
  const auto& parameters = golden.inputs.at("denoisers").at(points.get<std::string>());
  const auto gaussian = [&] { return golden_gaussian(golden, args.at("gaussian")); };
  if (function == "mean_isotropic_score") {
    const auto stats = gaussian();
    const double sigma0 = args.at("sigma0");
    return make_isotropic(stats.mean, sigma0 * sigma0, {stats.dim()});
  }
  if (function == "Gaussian_score" || function == "edm_gaussian_score" || function == "gaussian_logprob_score" ||
      function == "delta_GMM_crossterm_gaussequiv_score") {
    const auto stats = gaussian();
    return make_gaussian(stats, {stats.dim()});
  }
  if (function == "delta_GMM_score" || function.starts_with("deltaGMM_")) {
    const auto data = test::to_tensor(parameters.at("points"));
    return make_delta(data, {data.size(1)});
  }
  if (function == "gaussian_mixture_logprob_score" || function == "gaussian_mixture_score_torch" ||
      function == "GaussianMixture.score/.pdf") {
    auto inputs = golden.inputs;
    inputs["image_shapes"]["gmm2d"] = {2};
    return denoiser_of_inputs(inputs, "gmm2d");
  }
  if (function == "gaussian_mixture_lowrank_score_batch_sigma_torch") {
    const auto at = [&](const char* part) { return golden.arrays.at(std::string("lowrank_mixture.") + part); };
    const auto mixture = golden_mixture(at("weights"), at("mus"), at("Us"), at("Lambdas"));
    return make_mixture(mixture, {mixture.dim()});
  }
  return nullptr;
}

void check_score(const Golden& golden, const json& entry, const AnalyticDenoiser& denoiser) {
  const auto id = entry.at("id").get<std::string>(), function = entry.at("function").get<std::string>();
  const auto& points = golden.index.at("score_points");
  const auto x = golden.arrays.at(points.at("arrays").at(entry.at("points").get<std::string>()).get<std::string>());
  const auto indices = entry.at("sigma_index").get<std::vector<int64_t>>();
  for (size_t i = 0; i < indices.size(); ++i) {
    const double sigma = points.at("sigmas").at(indices[i]);
    for (const auto& output : entry.at("outputs")) {
      const auto what = output.get<std::string>();
      if (what == "weights") continue;
      auto expected = golden.arrays.at(id + "." + what)[static_cast<int64_t>(i)].reshape({x.size(1), -1});
      auto result = what == "score" ? score(denoiser, x[indices[i]], sigma)
                                    : denoiser.log_density(x[indices[i]], sigma);
      // deltaGMM_logprob is stored with the normaliser it was shipped with, (2 pi sigma)^(d/2), and without 1/N.
      if (function == "deltaGMM_logprob") expected = expected - static_cast<double>(x.size(2)) / 2 * std::log(sigma);
      // (D - x) / sigma^2 from a D of 1e-16 relative error: the digits a score can have at this sigma.
      const double rounding = what == "score" ? 4e-16 * x[indices[i]].abs().max().item<double>() / (sigma * sigma) : 0;
      const double error = (result.reshape(expected.sizes()) - expected).abs().max().item<double>();
      EXPECT_LE(error, 1e-9 * std::max(1.0, expected.abs().max().item<double>()) + 10 * rounding)
          << id << " " << function << " " << what << " at sigma " << sigma;
    }
  }
}

TEST(AnalyticGolden, golden_scores_and_log_densities_of_the_exact_functions) {
  const auto data = golden();
  if (!data) GTEST_SKIP() << "no golden folder: set FARFIELD_GOLDEN";
  int compared = 0;
  for (const auto& entry : data->index.at("scores")) {
    const auto denoiser = denoiser_of_score(*data, entry);
    if (!denoiser) continue;
    check_score(*data, entry, *denoiser);
    ++compared;
  }
  EXPECT_GT(compared, 0);
  std::printf("%d of %zu stored functions are exact and were compared\n", compared, data->index.at("scores").size());
}

TEST(AnalyticGolden, golden_gaussians_have_the_covariance_of_their_eigenform) {
  const auto data = golden();
  if (!data) GTEST_SKIP() << "no golden folder: set FARFIELD_GOLDEN";
  for (const auto& [name, entry] : data->index.at("gaussians").items()) {
    const auto covariance = data->arrays.at(entry.at("arrays").at("cov").get<std::string>());
    const auto expected = golden_gaussian(*data, name);
    const auto stats = eigen_stats(expected.mean, covariance);
    EXPECT_LE(test::deviation(stats.eigenvalues.narrow(0, 0, expected.rank()), expected.eigenvalues), 1e-12) << name;
    const auto rebuilt = torch::mm(stats.basis * stats.eigenvalues, stats.basis.t());
    EXPECT_LE(test::deviation(rebuilt, covariance), 1e-12) << name;
  }
}

}  // namespace
}  // namespace farfield

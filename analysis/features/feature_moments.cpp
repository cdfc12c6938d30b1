#include "analysis/features/feature_moments.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/features/feature_arrays.h"
#include "core/error.h"
#include "core/io/npz.h"
#include "core/io/npz_reader.h"
#include "core/math/moments.h"

namespace farfield {
namespace {

constexpr int64_t kMomentRows = 2048;      // features in float64 at once
constexpr double kSymmetricEnough = 1e-6;  // of the largest entry

torch::Tensor scalar(int64_t value) { return torch::tensor(value, torch::kInt64); }

int64_t whole_number(const NpzReader& reader, const std::string& name, int64_t least) {
  const torch::Tensor value = reader.numbers(name);
  if (value.numel() != 1 || value.is_floating_point() || value.item<int64_t>() < least)
    throw bad_file(reader.where(name), fmt::format("expected one whole number from {} up", least));
  return value.item<int64_t>();
}

// float64, finite, of these many dimensions.
torch::Tensor statistic(const NpzReader& reader, const std::string& name, int64_t dims) {
  const torch::Tensor value = reader.numbers(name);
  if (!value.is_floating_point() || value.dim() != dims || value.numel() == 0)
    throw bad_file(reader.where(name), dims == 1 ? "expected the mean of features, floating point [d]"
                                                 : "expected the covariance of features, floating point [d, d]");
  if (!value.isfinite().all().item<bool>()) throw bad_file(reader.where(name), "holds values that are not finite");
  return value.to(torch::kFloat64);
}

}  // namespace

FeatureMoments feature_moments(const torch::Tensor& features, const FeatureContract& contract) {
  check(features.dim() == 2, "feature_moments takes [n, d]");
  const int64_t count = features.size(0);
  if (count < 2) throw usage_error(fmt::format("moments of features need 2 samples or more, got {}", count));
  Moments moments(features.size(1));
  for (int64_t first = 0; first < count; first += kMomentRows)
    moments.add(features.narrow(0, first, std::min(kMomentRows, count - first)));
  const auto n = static_cast<double>(count);
  return {count, moments.mean(), moments.covariance() * (n / (n - 1)), 1, contract};
}

FeatureMoments merge(const FeatureMoments& a, const FeatureMoments& b) {
  if (const std::string why = difference(a.contract, b.contract); !why.empty())
    throw usage_error("moments of different features are not merged: " + why);
  if (a.dim() != b.dim())
    throw usage_error(
        fmt::format("moments of different features are not merged: {} numbers against {}", a.dim(), b.dim()));
  if (a.ddof != b.ddof) throw usage_error(fmt::format("moments with ddof {} and {} are not merged", a.ddof, b.ddof));
  if (a.count == 0 || b.count == 0)
    throw usage_error(
        "moments are merged by their counts, and one of the files does not say of how many samples it is");
  const auto n_a = static_cast<double>(a.count), n_b = static_cast<double>(b.count), n = n_a + n_b;
  const auto ddof = static_cast<double>(a.ddof);
  const torch::Tensor step = b.mean - a.mean;
  FeatureMoments both{
      a.count + b.count, a.mean + step * (n_b / n), {}, a.ddof, a.contract.known() ? a.contract : b.contract};
  both.covariance = a.covariance * (n_a - ddof) + b.covariance * (n_b - ddof);
  both.covariance.add_(torch::outer(step, step), n_a * n_b / n).div_(n - ddof);
  return both;
}

FeatureMoments read_feature_moments(const std::filesystem::path& path) {
  const NpzReader reader(path);
  FeatureMoments moments;
  moments.mean = statistic(reader, "mu", 1);
  moments.covariance = statistic(reader, "sigma", 2);
  const int64_t dim = moments.dim();
  if (moments.covariance.size(0) != dim || moments.covariance.size(1) != dim)
    throw bad_file(reader.where("sigma"), fmt::format("is [{},{}], but mu has {} numbers", moments.covariance.size(0),
                                                      moments.covariance.size(1), dim));
  const torch::Tensor skew = (moments.covariance - moments.covariance.t()).abs_().max();
  if (skew.item<double>() > kSymmetricEnough * moments.covariance.abs().max().item<double>())
    throw bad_file(reader.where("sigma"), "is not symmetric, so it is no covariance");
  if (reader.has("n")) moments.count = whole_number(reader, "n", 2);
  if (reader.has("ddof")) moments.ddof = whole_number(reader, "ddof", 0);
  moments.contract = stored_contract(reader, dim);
  return moments;
}

void write_feature_moments(const std::filesystem::path& path, const FeatureMoments& moments) {
  write_npz(path, {{"mu", moments.mean},
                   {"sigma", moments.covariance},
                   {"n", scalar(moments.count)},
                   {"ddof", scalar(moments.ddof)},
                   {"contract", contract_array(moments.contract)}});
}

}  // namespace farfield

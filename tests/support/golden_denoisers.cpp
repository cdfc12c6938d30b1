#include "tests/support/golden_denoisers.h"

#include <fstream>

#include "core/error.h"

namespace farfield::test {
namespace {

using nlohmann::json;
using torch::Tensor;

// D = sum_k g_k [m_k + S_k (S_k + sigma^2 I)^-1 (x - m_k)], g = softmax_k(log w_k + log N(x; m_k, S_k + sigma^2 I)).
Tensor mixture(const Tensor& weights, const Tensor& means, const Tensor& covs, const Tensor& x, double sigma) {
  std::vector<Tensor> logs, parts;
  for (int64_t k = 0; k < weights.size(0); ++k) {
    const auto total = covs[k] + sigma * sigma * torch::eye(covs.size(1), torch::kFloat64);
    const auto centred = x - means[k];
    const auto solved = at::linalg_solve(total, centred.t()).t();
    logs.push_back(weights[k].log() - 0.5 * (centred * solved).sum(1) - 0.5 * at::linalg_det(total).log());
    parts.push_back(means[k] + solved.matmul(covs[k]));
  }
  const auto responsibility = torch::stack(logs, 1).softmax(1);
  return (responsibility.unsqueeze(2) * torch::stack(parts, 1)).sum(1);
}

}  // namespace

json read_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw io_error("cannot read " + path.string());
  return json::parse(file);
}

Tensor to_tensor(const json& numbers) {
  if (!numbers.front().is_array()) return torch::tensor(numbers.get<std::vector<double>>(), torch::kFloat64);
  std::vector<Tensor> rows;
  for (const auto& row : numbers) rows.push_back(to_tensor(row));
  return torch::stack(rows);
}

std::function<Tensor(const Tensor&, double)> golden_denoiser(const json& inputs, const std::string& name) {
  const json& entry = inputs.at("denoisers").at(name);
  const std::string kind = entry.at("kind");
  if (kind == "gaussian_mixture") {
    return [w = to_tensor(entry.at("weights")), m = to_tensor(entry.at("means")), s = to_tensor(entry.at("covs"))](
               const Tensor& x, double sigma) { return mixture(w, m, s, x, sigma); };
  }
  if (kind == "lowrank_gaussian") {
    return [m = to_tensor(entry.at("mean")), u = to_tensor(entry.at("U")), l = to_tensor(entry.at("eig"))](
               const Tensor& x, double sigma) {
      return m + ((x - m).matmul(u) * (l / (l + sigma * sigma))).matmul(u.t());
    };
  }
  check(kind == "delta_mixture", "golden_denoiser: a kind of denoiser the tests do not know");
  return [p = to_tensor(entry.at("points"))](const Tensor& x, double sigma) {
    const auto squares = (x.unsqueeze(1) - p.unsqueeze(0)).square().sum(2);
    return (squares / (-2 * sigma * sigma)).softmax(1).matmul(p);
  };
}

Tensor golden_latents(const json& inputs, const std::string& name) { return to_tensor(inputs.at("latents").at(name)); }

}  // namespace farfield::test

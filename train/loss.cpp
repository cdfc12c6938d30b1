#include "train/loss.h"

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

LossWeight edm(double sigma_data) {
  return [sigma_data](const torch::Tensor& sigma) {
    return (sigma.square() + sigma_data * sigma_data) / (sigma * sigma_data).square();
  };
}

LossWeight inverse_variance(double) {
  return [](const torch::Tensor& sigma) { return sigma.square().reciprocal(); };
}

struct LossEntry {
  const char* name;
  LossWeight (*make)(double sigma_data);
};
constexpr LossEntry kLosses[] = {
    {"edm", edm},
    {"vp", inverse_variance},
    {"ve", inverse_variance},
};

}  // namespace

std::vector<std::string> loss_names() {
  std::vector<std::string> names;
  for (const auto& entry : kLosses) names.emplace_back(entry.name);
  return names;
}

LossWeight make_loss_weight(const std::string& name, double sigma_data) {
  for (const auto& entry : kLosses) {
    if (name == entry.name) return entry.make(sigma_data);
  }
  throw usage_error(unknown_name("loss", name, loss_names()));
}

torch::Tensor weighted_error(const torch::Tensor& denoised, const torch::Tensor& clean, const torch::Tensor& weight) {
  const auto squared = (denoised - clean).square().flatten(1).sum(1);
  return squared * weight.to(squared.device(), squared.scalar_type());
}

}  // namespace farfield

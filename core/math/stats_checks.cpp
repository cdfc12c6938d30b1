#include "core/math/stats_checks.h"

#include <sstream>
#include <string>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"

namespace farfield {

namespace {

bool fits(torch::IntArrayRef got, torch::IntArrayRef expected) {
  if (got.size() != expected.size()) return false;
  for (size_t i = 0; i < got.size(); ++i) {
    if (expected[i] == -1 ? got[i] < 1 : got[i] != expected[i]) return false;
  }
  return true;
}

std::string text(torch::IntArrayRef shape) {
  std::ostringstream stream;
  stream << shape;
  return stream.str();
}

}  // namespace

void check_stats_tensor(const torch::Tensor& tensor, std::string_view field, torch::IntArrayRef shape) {
  if (!tensor.defined() || tensor.scalar_type() != torch::kFloat64 || !tensor.device().is_cpu()) {
    throw usage_error(fmt::format("{}: expected a float64 tensor on the CPU", field));
  }
  if (!fits(tensor.sizes(), shape)) {
    throw usage_error(
        fmt::format("{} has shape {}, expected {} (-1: any size)", field, text(tensor.sizes()), text(shape)));
  }
  if (!tensor.isfinite().all().item<bool>()) {
    throw usage_error(fmt::format("{} holds values that are not finite", field));
  }
  if (tensor.numel() > 0 && tensor.abs().max().item<double>() > limits::kHighestStatistic) {
    throw usage_error(fmt::format("{} holds a value above {} in size", field, limits::kHighestStatistic));
  }
}

void check_not_negative(const torch::Tensor& tensor, std::string_view field) {
  if (tensor.numel() > 0 && tensor.min().item<double>() < 0) {
    throw usage_error(fmt::format("{} holds the negative value {}, expected variances and weights >= 0", field,
                                  tensor.min().item<double>()));
  }
}

}  // namespace farfield

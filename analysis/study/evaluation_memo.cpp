#include "analysis/study/evaluation_memo.h"

#include <string_view>

namespace farfield {
namespace {

size_t hash_of(const torch::Tensor& x, double sigma) {
  const auto bytes = x.to(torch::kCPU).contiguous();
  const std::string_view view(static_cast<const char*>(bytes.const_data_ptr()), bytes.nbytes());
  return std::hash<std::string_view>()(view) ^ (std::hash<double>()(sigma) << 1);
}

}  // namespace

torch::Tensor EvaluationMemo::operator()(const torch::Tensor& x, double sigma) {
  std::vector<Entry>& known = entries_[hash_of(x, sigma)];
  for (const Entry& entry : known) {
    if (entry.sigma != sigma || !torch::equal(entry.x, x)) continue;
    ++reused_;
    return entry.denoised;
  }
  auto denoised = denoise_(x, sigma);
  const auto size = static_cast<int64_t>(x.nbytes() + denoised.nbytes());
  if (bytes_ + size <= most_bytes_) {
    known.push_back({sigma, x.clone(), denoised});
    bytes_ += size;
  }
  return denoised;
}

void EvaluationMemo::forget() {
  entries_.clear();
  bytes_ = 0;
}

}  // namespace farfield

#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "models/denoiser.h"

namespace farfield {

// Answers a denoiser call that was made before, with the same bits of x and sigma, from memory. Solvers over the same
// levels begin alike: their first evaluations are one.
class EvaluationMemo {
 public:
  EvaluationMemo(DenoiseFn denoise, int64_t most_bytes) : denoise_(std::move(denoise)), most_bytes_(most_bytes) {}
  EvaluationMemo(const EvaluationMemo&) = delete;
  EvaluationMemo& operator=(const EvaluationMemo&) = delete;

  torch::Tensor operator()(const torch::Tensor& x, double sigma);
  void forget();  // everything, when what comes next begins differently
  int64_t reused() const { return reused_; }

 private:
  struct Entry {
    double sigma;
    torch::Tensor x, denoised;
  };

  DenoiseFn denoise_;
  int64_t most_bytes_, bytes_ = 0, reused_ = 0;
  std::unordered_map<size_t, std::vector<Entry>> entries_;  // by a hash of sigma and x
};

}  // namespace farfield

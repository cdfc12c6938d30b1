#include "models/counting.h"

#include <utility>

namespace farfield {

DenoiseFn counting(DenoiseFn denoise, int64_t& calls) {
  return [denoise = std::move(denoise), &calls](const torch::Tensor& x, double sigma) {
    ++calls;
    return denoise(x, sigma);
  };
}

}  // namespace farfield

#include "models/dropout.h"

#include <ATen/Context.h>

#include "core/math/random.h"

namespace farfield {

// A clone of the device's generator is the one way to make one that needs no CUDA headers; its seed is set at once.
DropoutStream::DropoutStream(torch::Device device, std::initializer_list<uint64_t> key)
    : generator_(at::globalContext().defaultGenerator(device).clone()) {
  generator_.set_current_seed(mix_key(key));
}

torch::Tensor DropoutStream::drop(const torch::Tensor& x, double p) {
  if (p == 0) return x;
  const torch::Tensor mask = torch::empty_like(x, at::MemoryFormat::Preserve).bernoulli_(1 - p, generator_);
  return x * mask.div_(1 - p);
}

torch::Tensor DropoutStream::drop_rows(const torch::Tensor& rows, double p) {
  if (p == 0) return rows;
  return rows * torch::empty({rows.size(0), 1}, rows.options()).bernoulli_(1 - p, generator_);
}

}  // namespace farfield

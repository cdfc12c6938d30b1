#include "models/dropout.h"

#include <ATen/Context.h>

#include "core/error.h"
#include "core/math/random.h"

namespace farfield {

// A clone of the device's generator is the one way to make one that needs no CUDA headers; it is seeded for every row.
DropoutStream::DropoutStream(torch::Device device, uint64_t key, const torch::Tensor& positions)
    : generator_(at::globalContext().defaultGenerator(device).clone()),
      key_(key),
      positions_(positions.const_data_ptr<int64_t>(), positions.const_data_ptr<int64_t>() + positions.numel()) {}

void DropoutStream::draw(torch::Tensor& mask, double p) {
  check(mask.size(0) == static_cast<int64_t>(positions_.size()), "DropoutStream: one position a sample");
  for (int64_t row = 0; row < mask.size(0); ++row) {
    generator_.set_current_seed(mix_key({key_, static_cast<uint64_t>(positions_[row]), layer_}));
    mask[row].bernoulli_(1 - p, generator_);
  }
  ++layer_;
}

torch::Tensor DropoutStream::drop(const torch::Tensor& x, double p) {
  if (p == 0) return x;
  torch::Tensor mask = torch::empty_like(x, at::MemoryFormat::Preserve);
  draw(mask, p);
  return x * mask.div_(1 - p);
}

torch::Tensor DropoutStream::drop_rows(const torch::Tensor& rows, double p) {
  if (p == 0) return rows;
  torch::Tensor mask = torch::empty({rows.size(0), 1}, rows.options());
  draw(mask, p);
  return rows * mask;
}

}  // namespace farfield

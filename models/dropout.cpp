#include "models/dropout.h"

#include <ATen/Context.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include "core/error.h"
#include "core/math/random.h"

namespace farfield {
namespace {

template <class KeyOf>
void draw_on_cpu(torch::Tensor& mask, double p, double kept, const KeyOf& key_of) {
  const int64_t row_size = mask[0].numel();
  check(mask.is_non_overlapping_and_dense() && (mask.size(0) == 1 || mask.stride(0) == row_size),
        "DropoutStream: the samples lie one after the other");
  AT_DISPATCH_FLOATING_TYPES_AND(torch::kBFloat16, mask.scalar_type(), "dropout", [&] {
    auto* values = mask.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, mask.size(0), 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        fill_mask(key_of(row), p, static_cast<scalar_t>(kept), values + row * row_size, row_size);
      }
    });
  });
}

}  // namespace

// A clone of the device's generator is the one way to make one that needs no CUDA headers; on a GPU it is
// seeded for every row.
DropoutStream::DropoutStream(torch::Device device, uint64_t key, const torch::Tensor& positions)
    : generator_(at::globalContext().defaultGenerator(device).clone()),
      key_(key),
      positions_(positions.const_data_ptr<int64_t>(), positions.const_data_ptr<int64_t>() + positions.numel()) {}

void DropoutStream::draw(torch::Tensor& mask, double p, double kept) {
  check(mask.size(0) == static_cast<int64_t>(positions_.size()), "DropoutStream: one position a sample");
  const auto key_of = [&](int64_t row) { return mix_key({key_, static_cast<uint64_t>(positions_[row]), layer_}); };
  if (mask.is_cpu()) {
    draw_on_cpu(mask, p, kept, key_of);
  } else {
    for (int64_t row = 0; row < mask.size(0); ++row) {
      generator_.set_current_seed(key_of(row));
      mask[row].bernoulli_(1 - p, generator_).mul_(kept);
    }
  }
  ++layer_;
}

torch::Tensor DropoutStream::drop(const torch::Tensor& x, double p) {
  if (p == 0) return x;
  torch::Tensor mask = torch::empty_like(x, at::MemoryFormat::Preserve);
  draw(mask, p, 1 / (1 - p));
  return x * mask;
}

torch::Tensor DropoutStream::drop_rows(const torch::Tensor& rows, double p) {
  if (p == 0) return rows;
  torch::Tensor mask = torch::empty({rows.size(0), 1}, rows.options());
  draw(mask, p, 1);
  return rows * mask;
}

}  // namespace farfield

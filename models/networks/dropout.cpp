#include "models/networks/dropout.h"

#include <ATen/Context.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include "core/error.h"
#include "core/math/random.h"

namespace farfield {
namespace {

void fill_on_cpu(torch::Tensor& mask, const std::vector<uint64_t>& keys, double p, double kept) {
  const int64_t row_size = mask[0].numel();
  check(mask.is_non_overlapping_and_dense() && (mask.size(0) == 1 || mask.stride(0) == row_size),
        "DropoutStream: the samples lie one after the other");
  AT_DISPATCH_FLOATING_TYPES_AND(torch::kBFloat16, mask.scalar_type(), "dropout", [&] {
    auto* values = mask.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, mask.size(0), 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        fill_mask(keys[row], p, static_cast<scalar_t>(kept), values + row * row_size, row_size);
      }
    });
  });
}

// A clone of the device's generator is the one way to make one that needs no CUDA headers.
void fill_on_gpu(torch::Tensor& mask, const std::vector<uint64_t>& keys, double p, double kept) {
  auto generator = at::globalContext().defaultGenerator(mask.device()).clone();
  for (int64_t row = 0; row < mask.size(0); ++row) {
    generator.set_current_seed(keys[row]);
    mask[row].bernoulli_(1 - p, generator).mul_(kept);
  }
}

}  // namespace

DropoutStream::DropoutStream(uint64_t key, const torch::Tensor& positions)
    : key_(key),
      positions_(positions.const_data_ptr<int64_t>(), positions.const_data_ptr<int64_t>() + positions.numel()) {}

void DropoutStream::draw(torch::Tensor& mask, double p, double kept) {
  check(mask.size(0) == static_cast<int64_t>(positions_.size()), "DropoutStream: one position a sample");
  std::vector<uint64_t> keys;
  for (const int64_t position : positions_) keys.push_back(mix_key({key_, static_cast<uint64_t>(position), layer_}));
  ++layer_;
  mask.is_cpu() ? fill_on_cpu(mask, keys, p, kept) : fill_on_gpu(mask, keys, p, kept);
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

#pragma once

#include <algorithm>
#include <cstdint>

#include <torch/types.h>

namespace farfield {

// Calls `work(first, count)` for part after part of a flat buffer: several passes over a part of some buffers like it then
// cost one through memory. On a GPU the one part is the whole. Parts begin at multiples of 64 bytes of a float32 buffer,
// so that vector code sees the elements as it would in the whole: same bits.
template <class Work>
void for_cached_parts(const torch::Tensor& flat, Work work) {
  constexpr int64_t kElements = 1 << 16;  // four float32 buffers of it fit in a core's second cache
  const int64_t size = flat.size(0), step = flat.is_cpu() ? kElements : std::max<int64_t>(size, 1);
  for (int64_t first = 0; first < size; first += step) work(first, std::min(step, size - first));
}

}  // namespace farfield

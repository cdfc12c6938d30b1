#include "analysis/quality/drawn_places.h"

#include "core/math/random.h"

namespace farfield {

torch::Tensor drawn_places(int64_t count, int64_t most, uint64_t seed, uint64_t side) {
  if (count <= most) return torch::arange(count, torch::kInt64);
  const at::Generator generator = keyed_generator({seed, 0x7175616c697479, side});
  return std::get<0>(torch::randperm(count, generator, torch::kInt64).narrow(0, 0, most).sort());
}

}  // namespace farfield

#include "analysis/compare/perceptual_ends.h"

#include <algorithm>
#include <limits>

#include "core/interrupts.h"
#include "core/progress.h"
#include "core/shards.h"

namespace farfield {

torch::Tensor perceptual_ends(const Trajectories& trajectories, const PerceptualDistance& distance, int64_t batch,
                              Comm& comm) {
  const torch::Tensor& samples = trajectories.samples;
  const auto paths = static_cast<int64_t>(trajectories.paths.size());
  torch::Tensor all = torch::full({paths, samples.size(1)}, std::numeric_limits<double>::quiet_NaN(), torch::kFloat64);
  Progress progress("perceptual distances", paths, "references");
  for_each_shard(comm, paths, [&](int64_t path) {
    torch::Tensor of_path = all[path].clone();
    const int64_t count = trajectories.counts[static_cast<size_t>(path)];
    for (int64_t first = 0; first < count; first += batch) {
      stop_if_interrupted();
      const int64_t size = std::min(batch, count - first);
      of_path.narrow(0, first, size)
          .copy_(distance(samples[0].narrow(0, first, size), samples[path + 1].narrow(0, first, size)).sum(1));
    }
    return Tensors{of_path};
  }, [&](int64_t path, const Tensors& found) {
    all[path].copy_(found[0]);
    progress.advance(1);
  });
  return all;
}

}  // namespace farfield

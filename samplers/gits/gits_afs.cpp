#include "samplers/gits/gits_afs.h"

#include <limits>

namespace farfield {

std::vector<int64_t> with_afs_level(const std::vector<int64_t>& indices, const StudentEnds& student,
                                    const torch::Tensor& teacher_ends) {
  std::vector<int64_t> best = indices;
  double least = std::numeric_limits<double>::infinity();
  for (int64_t k = 1; k < indices[1]; ++k) {
    std::vector<int64_t> candidate = indices;
    candidate.insert(candidate.begin() + 1, k);
    const double error = at::linalg_vector_norm(student(candidate) - teacher_ends, 2, {1}).mean().item<double>();
    if (error < least) {
      least = error;
      best = std::move(candidate);
    }
  }
  return best;
}

}  // namespace farfield

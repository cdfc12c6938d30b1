#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/types.h>

namespace farfield {

// Where a student that takes its first step without an evaluation (AFS) ends when it runs over levels[indices]: [N, D].
using StudentEnds = std::function<torch::Tensor(const std::vector<int64_t>& indices)>;

// GITS' choice for AFS: `indices` with the k of 1 ... indices[1] - 1 put after the first for which the student's ends
// come nearest to the teacher's [N, D], by the mean over samples of the distance; the first such k. `indices` itself
// when indices[1] is 1: there is no level between.
std::vector<int64_t> with_afs_level(const std::vector<int64_t>& indices, const StudentEnds& student,
                                    const torch::Tensor& teacher_ends);

}  // namespace farfield

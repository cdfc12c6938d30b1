#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/types.h>

#include "core/comm.h"

namespace farfield {

// Work that ranks share so that the result does not depend on how many they are: it is cut into shards by its own size
// alone, each shard is computed by one rank, and what came out is combined in the order of the shards.

using Tensors = std::vector<torch::Tensor>;

// On every rank: combine(p, result of compute(p)) for p = 0 ... count - 1, in this order, with the same bits, contiguous.
// compute(p) is called on rank p % size only; its tensors are of the kinds that travel (core/comm.h), of any shapes, on
// the CPU. At a time a rank holds its own shard's result and one other.
//
// An Error of compute(p) is thrown on every rank in the place of combine(p, ...), as it would be on one. kInterrupted and
// exceptions of other types leave the rank at once, and the group with it (see end_world()).
void for_each_shard(Comm& comm, int64_t count, const std::function<Tensors(int64_t shard)>& compute,
                    const std::function<void(int64_t shard, const Tensors& result)>& combine);

inline bool is_mine(const Comm& comm, int64_t shard) { return shard % comm.size() == comm.rank(); }

// What compute() returns on the root, on every rank; it is called nowhere else. Its Error is every rank's. Nobody goes on
// before the root has come here.
Tensors on_root(Comm& comm, const std::function<Tensors()>& compute);
// The same for what only has an effect, such as on files.
void do_on_root(Comm& comm, const std::function<void()>& action);

struct RowRange {
  int64_t first, size;
};
// Rows 0 ... count - 1 as consecutive shards: eight, or fewer so that each has at least 512 rows or there is only one.
std::vector<RowRange> shards_of_rows(int64_t count);

}  // namespace farfield

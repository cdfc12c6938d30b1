#pragma once

#include <cstdint>
#include <memory>

#include <torch/types.h>

#include "core/data/source.h"

namespace farfield {

// Which `count` of `total` samples a seeded subset holds, int64 [count], rising. With `labels` [total] int64 in [0, classes)
// every class has the same number of them, as far as it has so many and the count divides: the rest goes round from class 0.
// Undefined labels: drawn from all alike. count >= total: all of them.
torch::Tensor subset_rows(const torch::Tensor& labels, int64_t classes, int64_t total, int64_t count, uint64_t seed);

// Those samples of `data`, its labels and shape; named after it with ",subset=COUNT" (and ",subset_seed=SEED" unless 0), as
// open_data() takes them.
std::shared_ptr<const DataSource> subset_of(const DataSource& data, int64_t count, uint64_t seed);

}  // namespace farfield

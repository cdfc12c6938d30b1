#pragma once

#include <filesystem>
#include <vector>

#include "core/io/rows.h"
#include "core/run/training_log.h"

namespace farfield {

// The pictures of the training run in `folder`, oldest first.
std::vector<std::filesystem::path> previews_of(const std::filesystem::path& folder);

// One row a tick, without the bins.
Table tick_table(const std::vector<Tick>& ticks);

}  // namespace farfield

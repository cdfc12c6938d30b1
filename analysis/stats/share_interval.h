#pragma once

#include <cstdint>

#include "analysis/stats/bootstrap.h"

namespace farfield {

// Wilson's 95 % interval of a share (Wilson 1927): `hits` of `count` >= 1. It has a width at 0 and at 1, too, and stays within them.
Interval95 share_interval(int64_t hits, int64_t count);

}  // namespace farfield

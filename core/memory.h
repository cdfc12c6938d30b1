#pragma once

namespace farfield {

// Lets the C library keep and reuse the memory of freed tensors instead of returning every large one to the system: each
// return costs the page faults of the next tensor of that size, a fifth of a network's time on some machines. Call it
// once, first in main. The process then holds its peak of memory until it ends. No effect outside glibc.
void keep_freed_memory();

}  // namespace farfield

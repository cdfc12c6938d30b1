#include "core/memory.h"

#include <climits>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace farfield {

void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, INT_MAX);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

}  // namespace farfield

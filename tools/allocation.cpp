// The program's operator new: the C library's malloc, and the size of a refusal is kept for the message.
#include <cstdlib>
#include <new>

#include "core/want_of_memory.h"

void* operator new(std::size_t bytes) {
  if (void* const block = std::malloc(bytes == 0 ? 1 : bytes)) return block;
  farfield::note_refused_bytes(bytes);
  throw std::bad_alloc();
}

void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

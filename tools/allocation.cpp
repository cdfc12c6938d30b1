// The program's operator new: the C library's malloc, and the size of a refusal is kept for the message.
#include <cstdlib>
#include <new>

#include "core/want_of_memory.h"

void* operator new(std::size_t bytes) {
  if (void* const block = std::malloc(bytes == 0 ? 1 : bytes)) return block;
  farfield::note_refused_bytes(bytes);
  throw std::bad_alloc();
}

// As the library's own does; a sanitizer's would take from elsewhere what is given back here.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return std::malloc(bytes == 0 ? 1 : bytes); }

void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

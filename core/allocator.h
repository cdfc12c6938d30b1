#pragma once

namespace farfield {

// Lets the allocator keep freed blocks of up to 32 MB (and 1 GB in all) instead of giving them back to the system. States
// of a sampling run are allocated and freed in every step; without this each costs the page faults of fresh memory, several
// times what its arithmetic costs. For the start of a program; does nothing where the C library has no such settings.
void keep_freed_memory();

}  // namespace farfield

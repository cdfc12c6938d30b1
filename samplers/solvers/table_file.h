#pragma once

#include <filesystem>
#include <string>

#include "samplers/solvers/solver_table.h"

namespace farfield {

// A solver table as a JSON file (docs/formats.md); its bytes depend on the table alone.
std::string serialize_table(const TableFile& file);

// bad_file for anything that serialize_table() would not have written, at most 64 MiB: another format, missing or further
// keys, what check_table() refuses.
TableFile read_table(const std::filesystem::path& path);

// Whether `path` is such a file.
bool is_table_file(const std::filesystem::path& path);

}  // namespace farfield

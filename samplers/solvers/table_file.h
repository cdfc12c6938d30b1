#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "samplers/solvers/solver_table.h"

namespace farfield {

// A solver table as a JSON file (docs/formats.md); its bytes depend on the table alone.
std::string serialize_table(const TableFile& file);

// bad_file for anything that serialize_table() would not have written, at most 64 MiB: another format, missing or further
// keys, what check_table() refuses.
TableFile read_table(const std::filesystem::path& path);

// The same from bytes at hand; `name` for messages.
TableFile parse_table(std::string_view text, const std::string& name);

// Whether `path` is such a file.
bool is_table_file(const std::filesystem::path& path);

}  // namespace farfield

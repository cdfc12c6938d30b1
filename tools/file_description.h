#pragma once

#include <filesystem>
#include <string>

namespace farfield::tools {

// What a file or the folder of a run is, as a JSON object: kind, metadata, shapes, parameter count, size, SHA-256.
// Nothing in the file is run. bad_file when it is damaged or of no known kind, io_error when it is not there.
std::string describe_file(const std::filesystem::path& path);

}  // namespace farfield::tools

#pragma once

#include <filesystem>

namespace farfield::test {

// A small network of points in the plane with three classes that matter, untrained, as a native model file.
void write_labelled_model(const std::filesystem::path& path);

}  // namespace farfield::test

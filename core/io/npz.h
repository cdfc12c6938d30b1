#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "core/io/npy.h"

namespace farfield {

// numpy's .npz, a zip archive of .npy (npy.h). bad_file also for whatever ZipReader refuses, members that are not .npy, and
// more than `limit_bytes` in all. (NpzReader reads texts, too, and one array at a time.)
std::map<std::string, torch::Tensor> read_npz(const std::filesystem::path& path,
                                              uint64_t limit_bytes = kArrayBytesLimit);
// Stored (not deflated), members in name order, dates fixed: the same arrays give the same bytes. Atomic.
void write_npz(const std::filesystem::path& path, const std::map<std::string, torch::Tensor>& arrays);

}  // namespace farfield

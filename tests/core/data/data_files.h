#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "core/data/source.h"
#include "tests/support/mutants.h"
#include "tests/support/test_support.h"

namespace farfield::test {

inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string big_endian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

// A version 1.0 .npy of any dtype: "<U3", "|O".
inline std::string npy_bytes(const std::string& descr, const std::string& shape, const std::string& data) {
  const std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\1\0", 8) + static_cast<char>(header.size()) + '\0' + header + data;
}

// Opens `count` damaged versions of `bytes`, each written to `file`, as `src`: read, or refused as a bad file. Returns how
// many were refused.
inline int open_damaged(const std::string& bytes, const std::filesystem::path& file, const std::string& src,
                        int count) {
  const int refused = expect_read_or_refused({bytes}, count, [&](const std::string& mutant) {
    write_bytes(file, mutant);
    open_data(src);
  });
  write_bytes(file, bytes);
  return refused;
}

}  // namespace farfield::test

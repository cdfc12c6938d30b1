#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/io/image.h"
#include "core/io/zip_writer.h"
#include "tests/core/data/data_files.h"

namespace farfield::test {

using Files = std::vector<std::pair<std::string, std::string>>;  // names and bytes

// A PNG of one value.
inline std::string picture(int value, int64_t rows = 4, int64_t columns = 4, int64_t channels = 3) {
  return encode_png(torch::full({rows, columns, channels}, value, torch::kUInt8));
}

inline std::string zip_of(const Files& files) {
  ZipWriter zip;
  for (const auto& [name, bytes] : files) zip.add(name, {bytes});
  return zip.finish();
}

inline void fill_folder(const std::filesystem::path& folder, const Files& files) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  for (const auto& [name, bytes] : files) {
    std::filesystem::create_directories((folder / name).parent_path());
    write_bytes(folder / name, bytes);
  }
}

// The kind whose `what` begins so, or nothing (count 0).
inline LeftOut left_out(const DataSource& data, const std::string& what) {
  for (const auto& kind : data.info().notes.left_out.kinds()) {
    if (kind.what.starts_with(what)) return kind;
  }
  return {};
}

// Both ways to hold a data set of pictures.
class ZipAndFolder : public testing::TestWithParam<bool> {
 protected:
  // Writes the files and returns the SRC.
  std::string write(const Files& files) {
    const std::filesystem::path path = dir_ / (GetParam() ? "a.zip" : "folder");
    if (GetParam()) write_bytes(path, zip_of(files));
    if (!GetParam()) fill_folder(path, files);
    return path.string();
  }

  TempDir dir_;
};

inline std::string zip_or_folder(const testing::TestParamInfo<bool>& info) { return info.param ? "Zip" : "Folder"; }

}  // namespace farfield::test

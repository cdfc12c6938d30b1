#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/npy.h"
#include "core/io/zip.h"

namespace farfield {

// An .npz whose arrays are read one at a time and only when asked for: one that cannot be read is in nobody's way.
class NpzReader {
 public:
  // bad_file / io_error as ZipReader.
  explicit NpzReader(const std::filesystem::path& path);

  const std::vector<std::string>& names() const { return names_; }           // of the arrays, sorted, without ".npy"
  const std::vector<std::string>& other_members() const { return others_; }  // what is no .npy
  bool has(std::string_view name) const;
  uint64_t bytes(std::string_view name) const;     // of the array's .npy
  std::string where(std::string_view name) const;  // "FILE: 'NAME.npy'", for messages

  // bad_file when there is no such array, when it is damaged, or has more than `limit_bytes`.
  NpyContent read(std::string_view name, uint64_t limit_bytes = kArrayBytesLimit) const;
  torch::Tensor numbers(std::string_view name, uint64_t limit_bytes = kArrayBytesLimit) const;  // also for texts

 private:
  std::string path_;
  ZipReader archive_;
  std::vector<std::string> names_, others_;
};

// The texts of an array in C order, as UTF-8: code points as they are, bytes as Latin-1, zeros at the end cut off. bad_file
// naming `name` for numbers that are no code points.
std::vector<std::string> texts_of(const NpyContent& content, std::string_view name);

}  // namespace farfield

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/data/left_out.h"

namespace farfield {

// The files of a data set of pictures, found by their names in a zip or folder, at any depth. Names are relative, with
// '/' and without "." parts, sorted by byte.
struct ImageFiles {
  std::string where;
  std::vector<std::string> names;        // pictures
  std::vector<std::string> label_files;  // dataset.json and labels.json, in any case
  LeftOutList left_out;                  // every other file
  std::function<std::string(const std::string& name, uint64_t limit)> read;  // from any thread
};

// io_error or bad_file when the archive or a folder cannot be read. Links to folders are followed, each folder is read
// once; pipes and devices are not opened.
ImageFiles list_image_zip(const std::string& path);
ImageFiles list_image_folder(const std::string& path);

}  // namespace farfield

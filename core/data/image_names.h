#pragma once

#include <string>
#include <string_view>

#include "core/data/left_out.h"

namespace farfield {

// The kind that a file or folder of this name is left out as, with all that is in it: hidden ones, what macOS and other
// systems keep beside pictures. nullptr for any other name.
const LeftOut* ignored_as(std::string_view name);

// A name that ends as that of a picture that can be read; of a picture in another format.
bool is_picture_name(std::string_view name);
bool is_other_picture_name(std::string_view name);
// dataset.json or labels.json, in any case, in any folder; the latter is the name of other things, too.
bool is_label_name(std::string_view path);
bool is_spare_label_name(std::string_view path);

// The folder of a path, with '/' at its end, or "".
std::string folder_of(const std::string& path);

// A path with '/' only and without empty and "." parts: how pictures are named everywhere.
std::string plain_path(std::string_view path);

}  // namespace farfield

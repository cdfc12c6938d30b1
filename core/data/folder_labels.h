#pragma once

#include <string>
#include <vector>

#include "core/data/labelled_images.h"

namespace farfield {

// Classes by folders, for data sets without a label file: cat/0.png, dog/a/1.png. The folder that counts is the first one
// below the folder that all images are in.

// The classes are the sorted names, or the numbers themselves where all names are whole numbers below limits::kMostClasses.
// bad_file naming `where` for an image that is in no folder.
ImageLabels labels_of_folders(const std::string& where, const std::vector<std::string>& images);

// The folders whose names may be classes, sorted: there are at least two, every image is in one, and they are not numbered as
// NVlabs EDM's parts of a data set are (00000, 00001, ...). Empty otherwise.
std::vector<std::string> class_like_folders(const std::vector<std::string>& images);

// The folder that all images are in, with '/' at its end, or "".
std::string common_folder(const std::vector<std::string>& images);

}  // namespace farfield

#include "core/data/folder_labels.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/data/image_names.h"
#include "core/data/text_classes.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {
namespace {

bool is_number(const std::string& name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The class folder of each image; "" for those in none.
std::vector<std::string> folders_of(const std::vector<std::string>& images) {
  const size_t begin = common_folder(images).size();
  std::vector<std::string> folders;
  for (const auto& image : images) {
    const size_t slash = image.find('/', begin);
    folders.push_back(slash == std::string::npos ? "" : image.substr(begin, slash - begin));
  }
  return folders;
}

bool are_class_numbers(const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [](const std::string& name) {
    constexpr size_t kDigits = 6;  // of limits::kMostClasses - 1
    return name.size() <= kDigits && is_number(name);
  });
}

}  // namespace

std::string common_folder(const std::vector<std::string>& images) {
  std::string common = images.empty() ? "" : folder_of(images.front());
  for (const auto& image : images) {
    while (!image.starts_with(common)) common = folder_of(common.substr(0, common.size() - 1));
  }
  return common;
}

ImageLabels labels_of_folders(const std::string& where, const std::vector<std::string>& images) {
  const auto folders = folders_of(images);
  for (size_t i = 0; i < images.size(); ++i) {
    if (folders[i].empty()) {
      throw bad_file(where, fmt::format("folder-labels=yes: {} is in no folder beside others", quote(images[i])));
    }
  }
  auto numbered = number_texts(folders, where, "folders");
  ImageLabels result;
  result.images = images;
  if (are_class_numbers(numbered.names)) {
    for (size_t i = 0; i < folders.size(); ++i) {
      numbered.classes[i] = std::stoll(folders[i]);
      result.label_dim = std::max(result.label_dim, numbered.classes[i] + 1);
    }
  } else {
    result.label_dim = std::ssize(numbered.names);
    result.label_names = std::move(numbered.names);
  }
  result.labels = torch::tensor(numbered.classes, torch::kInt64);
  return result;
}

std::vector<std::string> class_like_folders(const std::vector<std::string>& images) {
  auto folders = folders_of(images);
  std::sort(folders.begin(), folders.end());
  folders.erase(std::unique(folders.begin(), folders.end()), folders.end());
  const bool parts = std::all_of(folders.begin(), folders.end(), [](const std::string& name) {
    constexpr size_t kDigits = 5;
    return name.size() == kDigits && is_number(name);
  });
  if (folders.size() < 2 || parts || folders.front().empty()) return {};
  return folders;
}

}  // namespace farfield

#include "core/data/folder_labels.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/data/kinds.h"
#include "core/error.h"
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

bool are_class_numbers(const std::map<std::string, int64_t>& classes) {
  return std::all_of(classes.begin(), classes.end(), [](const auto& named) {
    constexpr size_t kDigits = 6;  // of kMostClasses - 1
    return named.first.size() <= kDigits && is_number(named.first);
  });
}

}  // namespace

std::string common_folder(const std::vector<std::string>& images) {
  const auto folder_of = [](const std::string& path) { return path.substr(0, path.rfind('/') + 1); };  // npos + 1 is 0
  std::string common = images.empty() ? "" : folder_of(images.front());
  for (const auto& image : images) {
    while (!image.starts_with(common)) common = folder_of(common.substr(0, common.size() - 1));
  }
  return common;
}

ImageLabels labels_of_folders(const std::string& where, const std::vector<std::string>& images) {
  const auto folders = folders_of(images);
  std::map<std::string, int64_t> classes;
  for (size_t i = 0; i < images.size(); ++i) {
    if (folders[i].empty()) {
      throw bad_file(where, fmt::format("folder-labels=yes: {} is in no folder beside others", quote(images[i])));
    }
    classes.emplace(folders[i], 0);
  }
  if (std::ssize(classes) > kMostClasses) {
    throw bad_file(where, fmt::format("{} folders, expected at most {} classes", classes.size(), kMostClasses));
  }
  ImageLabels result;
  result.images = images;
  const bool numbers = are_class_numbers(classes);
  for (auto& [name, number] : classes) {
    number = numbers ? std::stoll(name) : std::ssize(result.label_names);
    result.label_dim = std::max(result.label_dim, number + 1);
    if (!numbers) result.label_names.push_back(name);
  }
  std::vector<int64_t> labels;
  for (const auto& folder : folders) labels.push_back(classes.at(folder));
  result.labels = torch::tensor(labels, torch::kInt64);
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

#include "core/data/image_files.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

#include "core/data/image_names.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/image_header.h"
#include "core/io/zip.h"
#include "core/text.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

// Puts a regular file where its name says it belongs.
void sort_in(ImageFiles& files, const std::string& name) {
  static const LeftOut kOtherFormat{"images of a format that is not read",
                                    fmt::format("only {} are read", kImageFormats), "convert them, to PNG for example"};
  static const LeftOut kOther{"other files", "their names do not end as those of images",
                              "give images the ending of their format, such as .png"};
  if (is_picture_name(name)) {
    files.names.push_back(name);
  } else if (is_label_name(name)) {
    files.label_files.push_back(name);
  } else {
    files.left_out.add(is_other_picture_name(name) ? kOtherFormat : kOther, name);
  }
}

// The first of the folders and the file of a path that is ignored, as what.
const LeftOut* ignored_path(const std::string& name) {
  for (const auto& part : split(name, '/')) {
    if (const auto* kind = ignored_as(part)) return kind;
  }
  return nullptr;
}

// The files of a folder and of what is below it. Real folders come first, linked ones after all of these, so that a folder
// that can be reached in two ways is read under its own name, once: loops end there.
class FolderWalk {
 public:
  FolderWalk(std::string root, ImageFiles& files) : root_(std::move(root)), files_(files) {}

  void run() {
    mark_parents();
    walk({});
    while (!links_.empty()) {
      for (const auto& name : std::exchange(links_, {})) follow(name);
    }
  }

 private:
  using Identity = std::pair<dev_t, ino_t>;
  struct Folder {
    std::string name;                  // relative; "" for the root
    const LeftOut* ignored = nullptr;  // all that is in it is left out as this
  };

  fs::path path_of(const std::string& name) const { return name.empty() ? root_ : root_ / name; }

  // Whether this is the first time that the walk comes to a folder.
  bool is_new(const fs::path& folder) {
    struct stat status{};
    return ::stat(folder.c_str(), &status) != 0 || seen_.emplace(status.st_dev, status.st_ino).second;
  }

  // A link to a folder around the root would bring the whole of it in.
  void mark_parents() {
    std::error_code error;
    const fs::path root = fs::canonical(root_, error);
    if (error) throw io_error(fmt::format("cannot list '{}': {}", root_.string(), error.message()));
    for (fs::path parent = root.parent_path(), last = root; parent != last;
         last = parent, parent = parent.parent_path()) {
      is_new(parent);
    }
  }

  void follow(const std::string& name) {
    static const LeftOut kAgain{"links to folders that are read already, or that hold this data set",
                                "each folder is read once", "copy a folder that is to be there twice"};
    struct stat status{};
    if (::stat(path_of(name).c_str(), &status) == 0 && seen_.contains(Identity(status.st_dev, status.st_ino))) {
      return files_.left_out.add(kAgain, name);
    }
    walk({name});
  }

  void walk(Folder start) {
    std::vector<Folder> folders = {std::move(start)};
    while (!folders.empty()) {
      const Folder folder = std::move(folders.back());
      folders.pop_back();
      if (!is_new(path_of(folder.name))) continue;
      std::error_code error;
      for (fs::directory_iterator entry(path_of(folder.name), error), end; !error && entry != end;
           entry.increment(error)) {
        const std::string base = entry->path().filename().string();
        const auto* ignored = folder.ignored == nullptr ? ignored_as(base) : folder.ignored;
        take({folder.name.empty() ? base : folder.name + "/" + base, ignored}, *entry, folders);
      }
      if (error) throw io_error(fmt::format("cannot list '{}': {}", path_of(folder.name).string(), error.message()));
    }
  }

  void take(Folder found, const fs::directory_entry& entry, std::vector<Folder>& folders) {
    static const LeftOut kDangling{"links that point nowhere", "what they name is not there or cannot be reached",
                                   "mend or delete them"};
    static const LeftOut kSpecial{"pipes, sockets or devices", "only regular files are read", "delete them"};
    std::error_code error;
    const bool link = entry.is_symlink(error);
    const auto type = entry.status(error).type();
    if (type == fs::file_type::directory && !link) return folders.push_back(std::move(found));
    if (found.ignored != nullptr) return files_.left_out.add(*found.ignored, found.name);
    if (type == fs::file_type::directory) return static_cast<void>(links_.insert(found.name));
    if (type == fs::file_type::regular) return sort_in(files_, found.name);
    const bool nowhere = type == fs::file_type::not_found || type == fs::file_type::none;
    files_.left_out.add(nowhere ? kDangling : kSpecial, found.name);
  }

  fs::path root_;
  ImageFiles& files_;
  std::set<Identity> seen_;
  std::set<std::string> links_;  // to folders, not followed yet
};

}  // namespace

ImageFiles list_image_zip(const std::string& path) {
  const auto archive = std::make_shared<ZipReader>(path);
  const auto mutex = std::make_shared<std::mutex>();
  const auto members = std::make_shared<std::map<std::string, std::string>>();  // as they are written, by plain name
  ImageFiles files{.where = path, .names = {}, .label_files = {}, .left_out = {}, .read = {}};
  for (const auto& member : archive->names()) {
    const std::string name = plain_path(member);
    if (!members->emplace(name, member).second) throw bad_file(path, "zip: member " + quote(name) + " is there twice");
  }
  for (const auto& [name, member] : *members) {
    if (const auto* ignored = ignored_path(name)) {
      files.left_out.add(*ignored, name);
    } else {
      sort_in(files, name);
    }
  }
  files.read = [archive, mutex, members](const std::string& name, uint64_t limit) {
    const std::lock_guard lock(*mutex);
    return archive->read(members->at(name), limit);
  };
  return files;
}

ImageFiles list_image_folder(const std::string& path) {
  ImageFiles files{.where = path, .names = {}, .label_files = {}, .left_out = {}, .read = {}};
  FolderWalk(path, files).run();
  std::sort(files.names.begin(), files.names.end());
  std::sort(files.label_files.begin(), files.label_files.end());
  files.read = [folder = fs::path(path)](const std::string& name, uint64_t limit) {
    return read_file(folder / name, limit);
  };
  return files;
}

}  // namespace farfield

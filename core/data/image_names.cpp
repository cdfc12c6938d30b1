#include "core/data/image_names.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <span>

#include "core/text.h"

namespace farfield {
namespace {

constexpr std::string_view kPictureEndings[] = {".png",  ".apng", ".jpg",  ".jpeg", ".jpe", ".jfif", ".bmp", ".dib",
                                                ".webp", ".tif",  ".tiff", ".pbm",  ".pgm", ".ppm",  ".pnm", ".jp2"};
constexpr std::string_view kOtherPictureEndings[] = {
    ".gif", ".avif", ".heic", ".heif", ".jxl", ".j2k", ".jpx", ".pam", ".pfm", ".svg", ".psd",
    ".xcf", ".exr",  ".hdr",  ".pic",  ".ico", ".tga", ".dds", ".pcx", ".ras", ".sr",  ".mng",
    ".eps", ".raw",  ".dng",  ".cr2",  ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef"};
constexpr std::string_view kLabelName = "dataset.json", kSpareLabelName = "labels.json";
// What Windows, macOS, KDE, Picasa and Synology's file stations keep beside pictures.
constexpr std::string_view kSystemNames[] = {"thumbs.db",   "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini",
                                             ".ds_store",   "icon\r",      ".directory",        ".picasa.ini",
                                             "picasa.ini",  "@eadir",      ".thumbnails",       "#recycle",
                                             "$recycle.bin"};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

bool is_one_of(std::span<const std::string_view> known, const std::string& name) {
  return std::find(known.begin(), known.end(), name) != known.end();
}

std::string last_part(std::string_view path) { return lower(path.substr(path.rfind('/') + 1)); }  // npos + 1 is 0

std::string ending(std::string_view name) { return lower(std::filesystem::path(name).extension().string()); }

}  // namespace

const LeftOut* ignored_as(std::string_view name) {
  static const LeftOut kMacMetadata{"files of macOS metadata", "__MACOSX folders and ._ files hold no pictures",
                                    "nothing needs to be done"};
  static const LeftOut kSystem{"thumbnails and other files that a system keeps", "they are no samples",
                               "nothing needs to be done"};
  static const LeftOut kHidden{"hidden files or files in hidden folders", "a name that begins with a dot is not read",
                               "rename what is to be read"};
  if (name == "__MACOSX" || name.starts_with("._")) return &kMacMetadata;
  if (is_one_of(kSystemNames, lower(name))) return &kSystem;
  return name.starts_with('.') ? &kHidden : nullptr;
}

bool is_picture_name(std::string_view name) { return is_one_of(kPictureEndings, ending(name)); }

bool is_other_picture_name(std::string_view name) { return is_one_of(kOtherPictureEndings, ending(name)); }

bool is_label_name(std::string_view path) { return last_part(path) == kLabelName || is_spare_label_name(path); }

bool is_spare_label_name(std::string_view path) { return last_part(path) == kSpareLabelName; }

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }  // npos + 1 is 0

std::string plain_path(std::string_view path) {
  std::vector<std::string> parts = split(path, '/');
  std::erase_if(parts, [](const std::string& part) { return part.empty() || part == "."; });
  return join(parts, "/");
}

}  // namespace farfield

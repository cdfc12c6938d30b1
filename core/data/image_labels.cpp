#include "core/data/image_labels.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/data/folder_labels.h"
#include "core/data/image_names.h"
#include "core/data/label_entries.h"
#include "core/data/name_key.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/log.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr int64_t kNobody = -1;

// How the paths of a label file become names of images.
struct Reading {
  std::string before;    // the folder put before, as a key
  int64_t stripped = 0;  // leading folders taken off first

  std::string key(std::string_view path) const {
    for (int64_t i = 0; i < stripped; ++i) {
      const size_t slash = path.find('/');
      if (slash == std::string_view::npos) return "";
      path.remove_prefix(slash + 1);
    }
    return before.empty() ? std::string(path) : fmt::format("{}/{}", before, path);
  }
};

const LeftOut& no_labels() {
  static const LeftOut kind{"label files without labels", "they hold no \"labels\", or none of an image",
                            "write {\"labels\": [[\"path\", 3], ...]}, or {\"labels\": null} for none"};
  return kind;
}

// The label of every image, gathered file by file.
class Gatherer {
 public:
  Gatherer(const std::string& where, const std::vector<std::string>& images) : where_(where), images_(images) {
    common_ = name_key(common_folder(images));
    for (size_t i = 0; i < images.size(); ++i) places_.emplace(name_key(images[i]), static_cast<int64_t>(i));
  }

  void read(const LabelFile& file) {
    const std::string where = where_ + "/" + file.path;
    auto parsed = parse(file, where);
    if (parsed.form != LabelEntries::Form::kList) return;
    if (first_file_.empty()) {
      first_file_ = where;
      first_path_ = file.path;
    }
    const auto& entries = kept_.emplace_back(std::move(parsed.entries));
    std::vector<std::string> keys;
    for (const auto& entry : entries) keys.push_back(name_key(entry.image));
    const Reading reading = choose(name_key(folder_of(file.path)), keys, where);
    for (size_t i = 0; i < entries.size(); ++i) take(entries[i], place_of(reading.key(keys[i])), where);
  }

  ImageLabels result() {
    ImageLabels result;
    if (found_.empty() && !stranger_.empty()) refuse_strangers();
    if (found_.empty() && !first_path_.empty()) left_out_.add(no_labels(), first_path_);
    result.left_out = std::move(left_out_);
    if (found_.empty()) {
      result.images = images_;
      return result;
    }
    std::vector<const LabelEntry*> labels;
    for (size_t i = 0; i < images_.size(); ++i) {
      const auto label = found_.find(static_cast<int64_t>(i));
      (label == found_.end() ? result.unlabelled : result.images).push_back(images_[i]);
      if (label != found_.end()) labels.push_back(label->second);
    }
    auto classes = classes_of(labels, first_file_);
    result.labels = torch::tensor(classes.classes, torch::kInt64);
    result.label_dim = classes.label_dim;
    result.label_names = std::move(classes.label_names);
    return result;
  }

 private:
  // What a file lists. A dataset.json must be one of labels; a labels.json may be anything.
  LabelEntries parse(const LabelFile& file, const std::string& where) {
    try {
      auto parsed = parse_label_entries(file.text, where);
      if (parsed.form == LabelEntries::Form::kNoLabels) left_out_.add(no_labels(), file.path);
      return parsed;
    } catch (const Error&) {
      if (!is_spare_label_name(file.path)) throw;
      left_out_.add(no_labels(), file.path);
      return {LabelEntries::Form::kNoLabels, {}};
    }
  }

  int64_t place_of(const std::string& key) const {
    const auto place = places_.find(key);
    return place == places_.end() ? kNobody : place->second;
  }

  // How many images a reading finds; none when it finds one twice.
  int64_t score(const Reading& reading, const std::vector<std::string>& keys) const {
    std::vector<bool> seen(images_.size());
    int64_t count = 0;
    for (const auto& key : keys) {
      const int64_t place = place_of(reading.key(key));
      if (place == kNobody) continue;
      if (seen[static_cast<size_t>(place)]) return 0;
      seen[static_cast<size_t>(place)] = true;
      ++count;
    }
    return count;
  }

  // The rule of the format, unless it finds nothing and another reading does.
  Reading choose(const std::string& folder, const std::vector<std::string>& keys, const std::string& where) const {
    constexpr int64_t kMostStripped = 16;
    Reading rule{folder, 0};
    const auto fits = [&](const std::string& key) { return place_of(rule.key(key)) != kNobody; };
    if (keys.empty() || std::any_of(keys.begin(), keys.end(), fits)) return rule;
    const int64_t depth = std::min<int64_t>(kMostStripped, std::count(keys.front().begin(), keys.front().end(), '/'));
    for (int64_t stripped = 0; stripped <= depth; ++stripped) {
      for (const auto& before : {folder, std::string(), common_}) {
        const Reading other{before, stripped};
        if (score(other, keys) == 0) continue;
        log::info(fmt::format("{}: its paths start elsewhere: {} is taken as {}", where, quote(keys.front()),
                              quote(other.key(keys.front()))));
        return other;
      }
    }
    return rule;
  }

  void take(const LabelEntry& entry, int64_t place, const std::string& where) {
    static const LeftOut kNoImage{"labels of images that are not here", "no image that is read has this path",
                                  "add the images, or take the lines out of the label file"};
    if (place == kNobody) {
      if (stranger_.empty()) stranger_ = entry.image;
      return left_out_.add(kNoImage, entry.image);
    }
    if (entry.label->is_null()) return;
    const auto [found, is_new] = found_.emplace(place, &entry);
    if (!is_new && *found->second->label != *entry.label) throw bad_file(where, quote(entry.image) + " has two labels");
  }

  [[noreturn]] void refuse_strangers() const {
    throw bad_file(first_file_,
                   fmt::format("none of its labels is of an image that is here: a label is of {}, the first "
                               "image is {}; leave the labels out with labels=no",
                               quote(stranger_), quote(images_.front())));
  }

  const std::string& where_;
  const std::vector<std::string>& images_;
  std::string common_;                               // the folder that all images are in, as a key
  std::string first_file_, first_path_;              // the first that lists images: in full, and beside them
  std::string stranger_;                             // the first path in it that is of no image
  std::unordered_map<std::string, int64_t> places_;  // of images, by key
  std::deque<std::vector<LabelEntry>> kept_;         // of all files
  std::unordered_map<int64_t, const LabelEntry*> found_;
  LeftOutList left_out_;
};

}  // namespace

ImageLabels read_image_labels(const std::string& where, const std::vector<LabelFile>& files,
                              const std::vector<std::string>& images) {
  Gatherer labels(where, images);
  for (const auto& file : files) labels.read(file);
  return labels.result();
}

}  // namespace farfield

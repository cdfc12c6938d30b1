#include <algorithm>
#include <filesystem>
#include <functional>
#include <limits>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "core/data/picture_conversion.h"
#include "core/data/readers.h"
#include "core/data/source.h"
#include "core/data/subset.h"
#include "core/error.h"
#include "core/io/wrong_file.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/printable.h"
#include "core/source_form.h"
#include "core/text.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

// How a kind of source is recognised in the text before the first comma.
enum class Form {
  kPrefix,     // NAME:PATH
  kGenerated,  // NAME alone
  kFile,       // a path that ends in NAME
  kFolder,     // a path that is a folder
};

struct SourceKind {
  Form form;
  std::string name;
  std::vector<std::string> options;  // besides those that every kind takes
  RawSamples (*open)(const SourceRequest&);
  std::string help;
};

const std::vector<std::string> kCommonOptions = {"labels", "first", "subset", "subset_seed"};

// A reader of whole data sets of images, and the options of its kind, with those that convert each image. (Readers of picture
// files convert each as it is decoded.)
template <RawSamples (*read)(const SourceRequest&)>
RawSamples images_of(const SourceRequest& request) {
  return converted(request, read(request));
}
std::vector<std::string> for_images(std::vector<std::string> options) {
  options.insert(options.end(), PictureConversion::options().begin(), PictureConversion::options().end());
  return options;
}

// Every kind of data source; one line and one reader each.
const std::vector<SourceKind>& kinds() {
  using enum Form;
  static const std::vector<SourceKind> kKinds = {
      {kPrefix, "mnist", for_images({"pad", "split"}), images_of<read_mnist>,
       "mnist:DIR[,pad=32][,split=train|test]    idx files, plain or .gz"},
      {kPrefix, "cifar", for_images({"split"}), images_of<read_cifar>,
       "cifar:DIR[,split=train|test]    CIFAR-10's binary batches"},
      {kPrefix, "samples", for_images({"key", "layout", "range"}), images_of<read_sample_run>,
       "samples:RUN[,key=NAME]    what farfield sample left, in one file or in shards"},
      {kFile, ".zip", for_images({"skip-bad", "exif", "folder-labels"}), read_image_zip,
       "FILE.zip[,skip-bad=yes][,exif=apply|ignore][,folder-labels=yes]    images, with dataset.json as EDM's"},
      {kFolder, "", for_images({"skip-bad", "exif", "folder-labels"}), read_image_folder,
       "DIR[,skip-bad=yes][,exif=apply|ignore][,folder-labels=yes]    images, with or without dataset.json"},
      {kFile, ".npy", for_images({"layout", "range"}), images_of<read_npy_samples>,
       "FILE.npy[,layout=nchw|nhwc][,range=LOW..HIGH]    uint8 [N,H,W,C] or floating point [N, ...]"},
      {kFile, ".npz", for_images({"key", "label-key", "layout", "range"}), images_of<read_npz_samples>,
       "FILE.npz[,key=NAME][,label-key=NAME][,...]    the same, with labels"},
      {kGenerated, "glyphs", for_images({"size", "count", "seed"}), images_of<draw_glyphs>,
       "glyphs[,size=16][,count=4096][,seed=0]   procedural digits with labels"},
      {kGenerated,
       "moons",
       {"count", "seed"},
       make_moons,
       "moons[,count=2048][,seed=0]   2-D points, two half circles"},
      {kGenerated, "rings", {"count", "seed"}, make_rings, "rings[,...]   2-D points, three circles"},
      {kGenerated, "swissroll", {"count", "seed"}, make_swissroll, "swissroll[,...]   2-D points, a spiral"},
      {kGenerated, "checkerboard", {"count", "seed"}, make_checkerboard, "checkerboard[,...]   2-D points, 8 squares"},
      {kGenerated, "grid", {"count", "seed"}, make_grid, "grid[,...]   2-D points, 25 small Gaussians"},
  };
  return kKinds;
}

bool matches(const SourceKind& kind, const SourceForm& source) {
  if (!source.kind.empty()) return kind.form == Form::kPrefix && source.kind == kind.name;
  switch (kind.form) {
    case Form::kPrefix:
      return false;
    case Form::kGenerated:
      return source.path == kind.name;
    case Form::kFile:
      return source.path.ends_with(kind.name);
    case Form::kFolder:
      return fs::is_directory(source.path);
  }
  return false;
}

std::vector<std::string> help_lines() {
  std::vector<std::string> lines;
  for (const auto& kind : kinds()) lines.push_back("  " + kind.help);
  lines.emplace_back(
      "every kind also takes labels=no, first=N (only the first N samples) and subset=N[,subset_seed=0] (N drawn at random, as");
  lines.emplace_back(
      "many of each class); those with images also take, done in this order, channels=grey|rgb, crop=square|N|HxW (the centre)");
  lines.emplace_back("and resize=N|HxW");
  lines.emplace_back(
      "a path that exists is taken first; quotes around one, \"a,b.npz\", let it hold commas (docs/formats.md)");
  return lines;
}

std::string known_forms() { return fmt::format("known forms:{}{}", kNextLine, join(help_lines(), kNextLine)); }

// What SRC names when nothing fits: a path that is not there, or a kind that nobody knows.
Error unknown_source(const std::string& text, const std::string& head) {
  const std::string name = head.substr(0, head.find(':'));
  if (fs::exists(head)) {
    if (const auto words = wrong_file(head, FileKind::kUnknown)) return bad_file(head, *words);
    return bad_file(head, "not a data set this program reads; " + known_forms());
  }
  if (name.find_first_of("./") != std::string::npos) {
    return io_error(fmt::format("data source '{}': no such file or folder", text));
  }
  std::vector<std::string> names;
  for (const auto& kind : kinds()) {
    if (kind.form == Form::kPrefix || kind.form == Form::kGenerated) names.push_back(kind.name);
  }
  return usage_error(unknown_name("data source", name, names) + ", or the path of a file or folder");
}

// A command may open a data set as the model, as a reference and as the data.
void warn_once(const std::string& message) {
  static std::mutex mutex;
  static std::set<std::string> said;
  const std::lock_guard lock(mutex);
  if (said.insert(message).second) log::warning(message);
}

std::map<std::string, std::string> parse_options(const std::string& text, const std::vector<std::string>& words,
                                                 const SourceKind& kind) {
  std::vector<std::string> known = kind.options;
  known.insert(known.end(), kCommonOptions.begin(), kCommonOptions.end());
  std::map<std::string, std::string> options;
  for (const auto& word : words) {
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw usage_error(fmt::format("data source '{}': {}", text, unknown_name("option", key, known)));
    }
    if (equals == std::string::npos) throw usage_error(fmt::format("data source '{}': write {}=VALUE", text, key));
    if (!options.emplace(key, word.substr(equals + 1)).second) {
      throw usage_error(fmt::format("data source '{}': option {} is given twice", text, key));
    }
  }
  return options;
}

// What a reader of single files takes; kUnknown for the others.
FileKind kind_read_by(const SourceKind& kind) {
  if (kind.form != Form::kFile) return FileKind::kUnknown;
  return kind.name == ".npy" ? FileKind::kNpy : kind.name == ".npz" ? FileKind::kNpz : FileKind::kZip;
}

RawSamples open_kind(const SourceKind& kind, const SourceRequest& request) {
  if (kind.form == Form::kPrefix && fs::is_regular_file(request.path())) {
    const auto words = wrong_file(request.path(), FileKind::kUnknown);
    throw bad_file(request.path(),
                   fmt::format("is a file, expected the folder of {}:DIR{}", kind.name, words ? "; it " + *words : ""));
  }
  if (kind.form != Form::kFile) return kind.open(request);
  return read_as(kind_read_by(kind), request.path(), [&] { return kind.open(request); });
}

// subset=N,subset_seed=S.
void take_subset(const SourceRequest& request, RawSamples& raw) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const int64_t seed = request.integer("subset_seed", 0, 0, limits::kHighestSeed);
  if (!request.has("subset")) {
    if (request.has("subset_seed"))
      throw usage_error(fmt::format("data source '{}': subset_seed needs subset=N", request.text()));
    return;
  }
  const int64_t count = request.integer("subset", 0, 1, kMost);
  const torch::Tensor rows = subset_rows(raw.labels, raw.label_dim, raw.samples.size(0), count,
                                         static_cast<uint64_t>(seed));
  raw.samples = raw.samples.index_select(0, rows);
  if (raw.labels.defined()) raw.labels = raw.labels.index_select(0, rows);
}

}  // namespace

std::shared_ptr<const DataSource> open_data(std::string_view src) {
  const std::string text(src);
  if (text.empty()) throw usage_error("data source: none given; " + known_forms());
  const SourceForm source = parse_source(text, data_source_prefixes());
  for (const auto& kind : kinds()) {
    if (!matches(kind, source)) continue;
    const std::string path = kind.form == Form::kGenerated ? "" : source.path;
    const SourceRequest request(text, path, parse_options(text, source.options, kind));
    const bool keep_labels = request.wants_labels();
    const int64_t wanted = request.first();
    RawSamples raw = open_kind(kind, request);
    const int64_t count = std::min(raw.samples.size(0), wanted);
    raw.samples = raw.samples.narrow(0, 0, count);
    if (!keep_labels) {
      raw.labels = torch::Tensor();
      raw.notes.label_names.clear();
    }
    if (raw.labels.defined()) raw.labels = raw.labels.narrow(0, 0, count);
    take_subset(request, raw);
    for (const auto& warning : raw.warnings) warn_once(warning);
    for (const auto& left : raw.notes.left_out.kinds())
      warn_once(fmt::format("{}: not taken: {}", path, to_text(left)));
    return std::make_shared<DataSource>(text, raw.samples, raw.labels, raw.label_dim, std::move(raw.notes));
  }
  throw unknown_source(text, source.path);
}

std::string data_source_help() { return join(help_lines(), "\n"); }

const std::vector<std::string>& data_source_prefixes() {
  static const std::vector<std::string> kPrefixes = [] {
    std::vector<std::string> names;
    for (const auto& kind : kinds()) {
      if (kind.form == Form::kPrefix) names.push_back(kind.name);
    }
    return names;
  }();
  return kPrefixes;
}

const std::vector<std::string>& data_source_option_keys() {
  static const std::vector<std::string> kKeys = [] {
    std::set<std::string> keys(kCommonOptions.begin(), kCommonOptions.end());
    for (const auto& kind : kinds()) keys.insert(kind.options.begin(), kind.options.end());
    return std::vector<std::string>(keys.begin(), keys.end());
  }();
  return kKeys;
}

}  // namespace farfield

#include <algorithm>
#include <filesystem>
#include <functional>

#include <fmt/format.h>

#include "core/data/kinds.h"
#include "core/data/source.h"
#include "core/error.h"
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

const std::vector<std::string> kCommonOptions = {"labels", "first"};

// Every kind of data source; one line and one reader each.
const std::vector<SourceKind>& kinds() {
  using enum Form;
  static const std::vector<SourceKind> kKinds = {
      {kPrefix, "mnist", {"pad", "split"}, read_mnist,
       "mnist:DIR[,pad=32][,split=train|test]    idx files, plain or .gz"},
      {kPrefix, "cifar", {"split"}, read_cifar, "cifar:DIR[,split=train|test]    CIFAR-10's binary batches"},
      {kFile, ".zip", {"skip-bad"}, read_image_zip, "FILE.zip[,skip-bad=yes]    images, with dataset.json as EDM's"},
      {kFolder, "", {"skip-bad"}, read_image_folder, "DIR[,skip-bad=yes]    images, with or without dataset.json"},
      {kFile, ".npy", {}, read_npy_samples, "FILE.npy    uint8 [N,H,W,C] or floating point [N, ...]"},
      {kFile, ".npz", {"key", "label-key"}, read_npz_samples,
       "FILE.npz[,key=NAME][,label-key=NAME]    the same, with labels"},
      {kGenerated, "glyphs", {"size", "count", "seed"}, draw_glyphs,
       "glyphs[,size=16][,count=4096][,seed=0]   procedural digits with labels"},
      {kGenerated, "moons", {"count", "seed"}, make_moons, "moons[,count=2048][,seed=0]   2-D points, two half circles"},
      {kGenerated, "rings", {"count", "seed"}, make_rings, "rings[,...]   2-D points, three circles"},
      {kGenerated, "swissroll", {"count", "seed"}, make_swissroll, "swissroll[,...]   2-D points, a spiral"},
      {kGenerated, "checkerboard", {"count", "seed"}, make_checkerboard, "checkerboard[,...]   2-D points, 8 squares"},
      {kGenerated, "grid", {"count", "seed"}, make_grid, "grid[,...]   2-D points, 25 small Gaussians"},
  };
  return kKinds;
}

bool matches(const SourceKind& kind, const std::string& head) {
  switch (kind.form) {
    case Form::kPrefix: return head.starts_with(kind.name + ":");
    case Form::kGenerated: return head == kind.name;
    case Form::kFile: return head.ends_with(kind.name);
    case Form::kFolder: return fs::is_directory(head);
  }
  return false;
}

// What SRC names when nothing fits: a path that is not there, or a kind that nobody knows.
Error unknown_source(const std::string& text, const std::string& head) {
  const std::string name = head.substr(0, head.find(':'));
  if (fs::exists(head)) {
    return bad_file(head, "not a data set this program reads; known forms:\n" + data_source_help());
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

std::map<std::string, std::string> parse_options(const std::string& text, const std::vector<std::string>& parts,
                                                 const SourceKind& kind) {
  std::vector<std::string> known = kind.options;
  known.insert(known.end(), kCommonOptions.begin(), kCommonOptions.end());
  std::map<std::string, std::string> options;
  for (size_t i = 1; i < parts.size(); ++i) {
    const size_t equals = parts[i].find('=');
    const std::string key = parts[i].substr(0, equals);
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw usage_error(fmt::format("data source '{}': {}", text, unknown_name("option", key, known)));
    }
    if (equals == std::string::npos) throw usage_error(fmt::format("data source '{}': write {}=VALUE", text, key));
    if (!options.emplace(key, parts[i].substr(equals + 1)).second) {
      throw usage_error(fmt::format("data source '{}': option {} is given twice", text, key));
    }
  }
  return options;
}

}  // namespace

std::shared_ptr<const DataSource> open_data(std::string_view src) {
  const std::string text(src);
  const auto parts = split(text, ',');
  if (parts.empty()) throw usage_error("data source: none given; known forms:\n" + data_source_help());
  const std::string& head = parts.front();
  for (const auto& kind : kinds()) {
    if (!matches(kind, head)) continue;
    const bool generated = kind.form == Form::kGenerated;
    const std::string path = generated ? "" : kind.form == Form::kPrefix ? head.substr(kind.name.size() + 1) : head;
    const SourceRequest request(text, path, parse_options(text, parts, kind));
    const bool keep_labels = request.wants_labels();
    const int64_t wanted = request.first();
    RawSamples raw = kind.open(request);
    const int64_t count = std::min(raw.samples.size(0), wanted);
    raw.samples = raw.samples.narrow(0, 0, count);
    if (!keep_labels) raw.labels = torch::Tensor();
    if (raw.labels.defined()) raw.labels = raw.labels.narrow(0, 0, count);
    return std::make_shared<DataSource>(text, raw.samples, raw.labels, raw.label_dim);
  }
  throw unknown_source(text, head);
}

std::string data_source_help() {
  std::vector<std::string> lines;
  for (const auto& kind : kinds()) lines.push_back("  " + kind.help);
  lines.push_back("every kind also takes labels=no and first=N (only the first N samples)");
  return join(lines, "\n");
}

}  // namespace farfield

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <mutex>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "core/data/image_labels.h"
#include "core/data/kinds.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/io/file.h"
#include "core/io/image.h"
#include "core/io/zip.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/text.h"

// Data sets made of picture files: NVlabs EDM's format (training/dataset.py, ImageFolderDataset), in a zip or a folder.
namespace farfield {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t kImageFileLimit = uint64_t{1} << 28, kLabelFileLimit = uint64_t{1} << 28;
constexpr const char* kLabelFile = "dataset.json";

// The picture files of a zip or folder.
struct ImageFiles {
  std::string where;
  std::vector<std::string> names;  // relative, with '/', sorted by byte: EDM's order
  bool has_label_file = false;
  std::function<std::string(const std::string& name, uint64_t limit)> read;  // from any thread
};

bool is_image(const std::string& name) {
  std::string ending = fs::path(name).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg" || ending == ".bmp";
}

ImageFiles list_zip(const std::string& path) {
  const auto archive = std::make_shared<ZipReader>(path);
  const auto mutex = std::make_shared<std::mutex>();
  ImageFiles files{.where = path, .names = {}, .has_label_file = false, .read = {}};
  for (const auto& name : archive->names()) {
    if (is_image(name)) files.names.push_back(name);
    files.has_label_file |= name == kLabelFile;
  }
  files.read = [archive, mutex](const std::string& name, uint64_t limit) {
    const std::lock_guard lock(*mutex);
    return archive->read(name, limit);
  };
  return files;
}

ImageFiles list_folder(const std::string& path) {
  const fs::path folder = path;
  ImageFiles files{.where = path, .names = {}, .has_label_file = fs::exists(folder / kLabelFile), .read = {}};
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().lexically_relative(folder).generic_string();
    if (is_image(name) && entry->is_regular_file()) files.names.push_back(name);
  }
  if (error) throw io_error(fmt::format("cannot list '{}': {}", path, error.message()));
  std::sort(files.names.begin(), files.names.end());
  files.read = [folder](const std::string& name, uint64_t limit) { return read_file(folder / name, limit); };
  return files;
}

std::string place_of(const ImageFiles& files, const std::string& name) { return files.where + ", " + quote(name); }

torch::Tensor decode(const ImageFiles& files, const std::string& name) {
  const auto picture = decode_image(files.read(name, kImageFileLimit), place_of(files, name));
  return picture.permute({2, 0, 1}).contiguous();
}

// Decodes pictures into rows of one tensor, in parallel; remembers what was wrong with which.
class Decoder {
 public:
  explicit Decoder(const ImageFiles& files) : files_(files), problems_(files.names.size()) {}

  torch::Tensor decode_all() {
    constexpr int64_t kChunk = 1024;
    const auto count = static_cast<int64_t>(files_.names.size());
    Progress progress("reading images", count, "images");
    for (int64_t begin = 0; begin < count; begin += kChunk) {
      const int64_t end = std::min(begin + kChunk, count);
      while (!samples_.defined() && begin < end && !try_first(begin)) ++begin;
      at::parallel_for(begin, end, 8, [&](int64_t from, int64_t to) {
        for (int64_t i = from; i < to; ++i) decode_into(i);
      });
      progress.advance(end - begin);
      stop_if_interrupted();
    }
    return samples_;
  }

  const std::vector<std::string>& problems() const { return problems_; }  // "" where all was well

 private:
  // The first picture that can be read gives the shape of all; the memory is bounded before it is taken.
  bool try_first(int64_t place) {
    torch::Tensor picture;
    try {
      picture = decode(files_, files_.names[place]);
    } catch (const Error& error) {
      problems_[place] = error.what();
      return false;
    }
    std::vector<int64_t> shape = picture.sizes().vec();
    const auto count = static_cast<int64_t>(files_.names.size());
    if (picture.numel() > kDataBytesLimit / count) {
      throw bad_file(files_.where, fmt::format("{} images of {} take more than {} bytes; use first=N", count,
                                               fmt::streamed(picture.sizes()), kDataBytesLimit));
    }
    shape.insert(shape.begin(), count);
    samples_ = torch::empty(shape, torch::kUInt8);
    return true;
  }

  void decode_into(int64_t place) {
    try {
      const auto picture = decode(files_, files_.names[place]);
      const auto expected = samples_.sizes().slice(1);
      if (picture.sizes() != expected) {
        throw bad_file(place_of(files_, files_.names[place]),
                       fmt::format("got an image of {} (channels, rows, columns), expected {} as the first one",
                                   fmt::streamed(picture.sizes()), fmt::streamed(expected)));
      }
      std::memcpy(samples_.data_ptr<uint8_t>() + place * picture.numel(), picture.data_ptr(), picture.numel());
    } catch (const Error& error) {
      problems_[place] = error.what();
    }
  }

  const ImageFiles& files_;
  torch::Tensor samples_;
  std::vector<std::string> problems_;
};

// Takes the bad pictures out, or throws for the first of them.
RawSamples without_bad(RawSamples raw, const std::vector<std::string>& problems, bool skip) {
  std::vector<int64_t> good;
  std::string first;
  for (size_t i = 0; i < problems.size(); ++i) {
    if (problems[i].empty()) good.push_back(static_cast<int64_t>(i));
    if (first.empty()) first = problems[i];
  }
  if (first.empty()) return raw;
  if (!skip) throw Error(ExitCode::kBadFile, first + "; to leave bad images out: skip-bad=yes");
  if (good.empty()) throw Error(ExitCode::kBadFile, first + "; no image can be read");
  log::warning(fmt::format("left out {} of {} images; the first: {}", problems.size() - good.size(),
                           problems.size(), first));
  const auto index = torch::tensor(good, torch::kInt64);
  raw.samples = raw.samples.index_select(0, index);
  if (raw.labels.defined()) raw.labels = raw.labels.index_select(0, index);
  return raw;
}

RawSamples read_images(ImageFiles files, const SourceRequest& request) {
  if (files.names.empty()) throw bad_file(files.where, "holds no .png, .jpg, .jpeg or .bmp file");
  RawSamples raw;
  if (files.has_label_file && request.wants_labels()) {
    raw = parse_image_labels(files.read(kLabelFile, kLabelFileLimit), files.where + "/" + kLabelFile, files.names);
  }
  const auto wanted = std::min<int64_t>(std::ssize(files.names), request.first());
  files.names.resize(wanted);
  if (raw.labels.defined()) raw.labels = raw.labels.narrow(0, 0, wanted);
  Decoder decoder(files);
  raw.samples = decoder.decode_all();
  return without_bad(raw, decoder.problems(), request.flag("skip-bad", false));
}

}  // namespace

RawSamples read_image_zip(const SourceRequest& request) { return read_images(list_zip(request.path()), request); }
RawSamples read_image_folder(const SourceRequest& request) { return read_images(list_folder(request.path()), request); }

}  // namespace farfield

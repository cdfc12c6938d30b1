#include <algorithm>
#include <cstring>
#include <optional>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "core/data/folder_labels.h"
#include "core/data/image_files.h"
#include "core/data/image_labels.h"
#include "core/data/picture_conversion.h"
#include "core/data/readers.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/io/image.h"
#include "core/io/image_header.h"
#include "core/io/image_traits.h"
#include "core/limits.h"
#include "core/progress.h"
#include "core/text.h"

// Data sets made of picture files: NVlabs EDM's format (training/dataset.py, ImageFolderDataset), in a zip or a folder.
namespace farfield {
namespace {

constexpr uint64_t kImageFileLimit = uint64_t{1} << 28, kLabelFileLimit = uint64_t{1} << 28;

std::string place_of(const ImageFiles& files, const std::string& name) { return files.where + ", " + quote(name); }

// What is done about Exif's orientation.
enum class Turning { kAsStored, kUpright };

// Decodes pictures into rows of one tensor, in parallel; remembers what was wrong with which.
class Decoder {
 public:
  Decoder(const ImageFiles& files, const PictureConversion& conversion, Turning turning)
      : files_(files),
        conversion_(conversion),
        turning_(turning),
        problems_(files.names.size()),
        traits_(files.names.size()) {}

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

  const std::vector<std::optional<Error>>& problems() const { return problems_; }
  const std::vector<ImageTraits>& traits() const { return traits_; }  // of those

 private:
  torch::Tensor decode(int64_t place) {
    const std::string& name = files_.names[place];
    const std::string where = place_of(files_, name), bytes = files_.read(name, kImageFileLimit);
    const auto picture = decode_image(bytes, where).permute({2, 0, 1});
    const ImageTraits traits = image_traits(bytes);
    const int turn = turning_ == Turning::kUpright ? traits.orientation : 1;
    auto result = conversion_.apply(turned_upright(picture, turn), where);
    traits_[place] = traits;
    return result;
  }

  // The first picture that can be read gives the shape of all; the memory is bounded before it is taken.
  bool try_first(int64_t place) {
    torch::Tensor picture;
    try {
      picture = decode(place);
    } catch (const Error& error) {
      note(place, error);
      return false;
    }
    std::vector<int64_t> shape = picture.sizes().vec();
    const auto count = static_cast<int64_t>(files_.names.size());
    if (picture.numel() > limits::kMostBytes / count) {
      throw bad_file(files_.where, fmt::format("{} images of {} take more than {} bytes; use first=N", count,
                                               fmt::streamed(picture.sizes()), limits::kMostBytes));
    }
    shape.insert(shape.begin(), count);
    samples_ = torch::empty(shape, torch::kUInt8);
    return true;
  }

  void decode_into(int64_t place) {
    try {
      const auto picture = decode(place);
      const auto expected = samples_.sizes().slice(1);
      if (picture.sizes() != expected) {
        throw bad_file(
            place_of(files_, files_.names[place]),
            fmt::format("got an image of {} (channels, rows, columns), expected {} as the first one; channels=, crop= "
                        "and resize= make them alike",
                        fmt::streamed(picture.sizes()), fmt::streamed(expected)));
      }
      std::memcpy(samples_.data_ptr<uint8_t>() + place * picture.numel(), picture.data_ptr(), picture.numel());
    } catch (const Error& error) {
      note(place, error);
    }
  }

  // Want of memory says nothing about a picture.
  void note(int64_t place, const Error& error) {
    if (error.code() == ExitCode::kMemory) throw Error(error);
    problems_[place] = error;
  }

  const ImageFiles& files_;
  const PictureConversion& conversion_;
  Turning turning_;
  torch::Tensor samples_;
  std::vector<std::optional<Error>> problems_;
  std::vector<ImageTraits> traits_;
};

// Takes the bad pictures out, or throws for the first of them.
RawSamples without_bad(RawSamples raw, const ImageFiles& files, const std::vector<std::optional<Error>>& problems,
                       bool skip) {
  std::vector<int64_t> good;
  std::optional<Error> first;
  for (size_t i = 0; i < problems.size(); ++i) {
    if (!problems[i]) good.push_back(static_cast<int64_t>(i));
    if (!first) first = problems[i];
  }
  if (!first) return raw;
  const std::string why = first->what();
  if (!skip) throw Error(first->code(), why + "; to leave bad images out: skip-bad=yes");
  if (good.empty()) throw Error(first->code(), why + "; no image can be read");
  const LeftOut bad{"images that cannot be read or have another size", why,
                    "mend them, or leave skip-bad=yes out to stop there"};
  for (size_t i = 0; i < problems.size(); ++i) {
    if (problems[i]) raw.notes.left_out.add(bad, files.names[i]);
  }
  const auto index = torch::tensor(good, torch::kInt64);
  raw.samples = raw.samples.index_select(0, index);
  if (raw.labels.defined()) raw.labels = raw.labels.index_select(0, index);
  return raw;
}

// Notes what pictures say besides their pixels, and what was made of it.
void note_traits(const ImageFiles& files, const std::vector<ImageTraits>& traits, const SourceRequest& request,
                 DataNotes& notes) {
  static const LeftOut kOrientation{"EXIF orientations", "the images are read as they are stored, turned or mirrored",
                                    "exif=apply turns them upright, exif=ignore says that they are meant so"};
  static const LeftOut kLaterPictures{"images with further pictures",
                                      "of animations and pages the first picture is read",
                                      "save the others as files of their own"};
  int64_t turned = 0;
  for (size_t i = 0; i < traits.size(); ++i) {
    if (traits[i].several_pictures) notes.left_out.add(kLaterPictures, files.names[i]);
    if (traits[i].orientation == 1) continue;
    ++turned;
    if (!request.has("exif")) notes.left_out.add(kOrientation, files.names[i]);
  }
  if (request.has("exif")) {
    notes.conversions.push_back(
        fmt::format("exif={}: {} images have an orientation", request.word("exif", ""), turned));
  }
}

// Leaves images without a label out where others have one, or refuses them.
void without_unlabelled(const ImageFiles& files, ImageLabels& found, bool skip) {
  static const LeftOut kUnlabelled{"images without a label", "other images have one",
                                   "add their labels, or read all images without labels: labels=no"};
  if (found.unlabelled.empty()) return;
  LeftOutList unlabelled;
  for (const auto& name : found.unlabelled) unlabelled.add(kUnlabelled, name);
  if (!skip || found.images.empty()) {
    throw bad_file(files.where + "/" + files.label_files.front(),
                   to_text(unlabelled.kinds().front()) + "; to leave them out: skip-bad=yes");
  }
  for (const auto& name : found.unlabelled) found.left_out.add(kUnlabelled, name);
}

// The labels that label files or, where the user says so, folders give.
ImageLabels find_labels(const ImageFiles& files, const SourceRequest& request) {
  static const LeftOut kFolders{"names of folders that may be classes", "there is no label file",
                                "folder-labels=yes takes them as classes, folder-labels=no says that they are none"};
  if (request.flag("folder-labels", false)) return labels_of_folders(files.where, files.names);
  std::vector<LabelFile> texts;
  for (const auto& name : files.label_files) texts.push_back({name, files.read(name, kLabelFileLimit)});
  auto found = read_image_labels(files.where, texts, files.names);
  if (texts.empty() && !request.has("folder-labels")) {
    for (const auto& folder : class_like_folders(files.names)) found.left_out.add(kFolders, folder);
  }
  return found;
}

// Adds the labels; the names that stay are those of images with a label, if there are labels at all.
void take_labels(ImageFiles& files, RawSamples& raw, const SourceRequest& request) {
  auto found = find_labels(files, request);
  without_unlabelled(files, found, request.flag("skip-bad", false));
  raw.labels = found.labels;
  raw.label_dim = found.label_dim;
  raw.notes.label_names = std::move(found.label_names);
  raw.notes.left_out.add(found.left_out);
  files.names = std::move(found.images);
}

[[noreturn]] void refuse_empty(const ImageFiles& files) {
  std::string message = fmt::format("holds no image file ({})", kImageFormats);
  for (const auto& kind : files.left_out.kinds()) message += "; " + to_text(kind);
  throw bad_file(files.where, message);
}

RawSamples read_images(ImageFiles files, const SourceRequest& request) {
  if (files.names.empty()) refuse_empty(files);
  const bool skip_bad = request.flag("skip-bad", false);
  RawSamples raw;
  raw.notes.left_out = std::move(files.left_out);
  if (request.wants_labels()) take_labels(files, raw, request);
  const auto wanted = std::min<int64_t>(std::ssize(files.names), request.first());
  files.names.resize(static_cast<size_t>(wanted));
  if (raw.labels.defined()) raw.labels = raw.labels.narrow(0, 0, wanted);
  const PictureConversion conversion(request);
  const bool upright = request.choice("exif", "ignore", {"apply", "ignore"}) == "apply";
  Decoder decoder(files, conversion, upright ? Turning::kUpright : Turning::kAsStored);
  raw.samples = decoder.decode_all();
  note_traits(files, decoder.traits(), request, raw.notes);
  for (auto& note : conversion.notes()) raw.notes.conversions.push_back(std::move(note));
  return without_bad(std::move(raw), files, decoder.problems(), skip_bad);
}

}  // namespace

RawSamples read_image_zip(const SourceRequest& request) { return read_images(list_image_zip(request.path()), request); }
RawSamples read_image_folder(const SourceRequest& request) {
  return read_images(list_image_folder(request.path()), request);
}

}  // namespace farfield

#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "core/data/readers.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/wrong_file.h"

// The binary version of CIFAR-10 (https://www.cs.toronto.edu/~kriz/cifar.html): records of one label and the red,
// green and blue planes of a 32 x 32 image.
namespace farfield {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kSide = 32, kPixels = 3 * kSide * kSide, kRecord = 1 + kPixels, kClasses = 10;
constexpr uint64_t kBatchBytesLimit = uint64_t{1} << 30;

void append_batch(const fs::path& path, std::vector<torch::Tensor>& images, std::vector<torch::Tensor>& labels) {
  const std::string bytes = read_file(path, kBatchBytesLimit);
  const auto size = static_cast<int64_t>(bytes.size());
  if (size == 0 || size % kRecord != 0) {
    throw bad_file(path.string(), fmt::format("got {} bytes, expected a multiple of {} (a label and 3 x 32 x 32 "
                                              "bytes per image)",
                                              size, kRecord));
  }
  const int64_t count = size / kRecord;
  auto batch = torch::empty({count, 3, kSide, kSide}, torch::kUInt8);
  auto classes = torch::empty({count}, torch::kInt64);
  for (int64_t i = 0; i < count; ++i) {
    const auto label = static_cast<uint8_t>(bytes[i * kRecord]);
    if (label >= kClasses) {
      throw bad_file(path.string(), fmt::format("record {} has label {}, expected 0 to {}", i, label, kClasses - 1));
    }
    classes.data_ptr<int64_t>()[i] = label;
    std::memcpy(batch.data_ptr<uint8_t>() + i * kPixels, bytes.data() + i * kRecord + 1, kPixels);
  }
  images.push_back(batch);
  labels.push_back(classes);
}

// The archive that is downloaded most is another one: pickles of the same images, in files without an ending.
void refuse_python_version(const fs::path& folder) {
  for (const fs::path& place : {folder / "data_batch_1", folder / "cifar-10-batches-py" / "data_batch_1"}) {
    if (file_kind(place) == FileKind::kCifarPickle && !fs::exists(folder / "data_batch_1.bin")) {
      refuse_wrong_file(place, FileKind::kIdx);
    }
  }
}

}  // namespace

RawSamples read_cifar(const SourceRequest& request) {
  fs::path folder = request.path();
  if (fs::is_directory(folder / "cifar-10-batches-bin")) folder /= "cifar-10-batches-bin";
  std::vector<std::string> names;
  if (request.choice("split", "train", {"train", "test"}) == "test") {
    names.push_back("test_batch.bin");
  } else {
    for (int i = 1; i <= 5; ++i) names.push_back(fmt::format("data_batch_{}.bin", i));
  }
  std::vector<torch::Tensor> images, labels;
  refuse_python_version(folder);
  for (const auto& name : names) {
    read_as(FileKind::kUnknown, folder / name, [&] { append_batch(folder / name, images, labels); });
  }
  return {torch::cat(images), torch::cat(labels), kClasses};
}

}  // namespace farfield

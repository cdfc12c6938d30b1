#include <filesystem>
#include <fstream>

#include "core/data/source.h"
#include "tests/fuzz/fuzz.h"

using namespace farfield;

namespace {

// A folder in memory that the process leaves empty behind.
const std::filesystem::path& folder() {
  static const std::filesystem::path path = [] {
    std::string name = "/dev/shm/farfield-fuzz-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    return name;
  }();
  return path;
}

}  // namespace

// MNIST's idx files, plain or gzip.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::ofstream(folder() / "train-images-idx3-ubyte", std::ios::binary) << fuzz::text_of(data, size);
  return fuzz::read_or_refuse([&] { open_data("mnist:" + folder().string() + ",labels=no"); });
}

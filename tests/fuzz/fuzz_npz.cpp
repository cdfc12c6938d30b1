#include "core/io/npz.h"
#include "core/io/zip.h"
#include "tests/fuzz/fuzz.h"

using namespace farfield;

// An archive is read member by member, then as arrays.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint64_t kLimit = uint64_t{1} << 26;
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  fuzz::read_or_refuse([&] {
    const ZipReader archive(file.path());
    for (const auto& name : archive.names()) fuzz::read_or_refuse([&] { archive.read(name, kLimit); });
  });
  return fuzz::read_or_refuse([&] { read_npz(file.path(), kLimit); });
}

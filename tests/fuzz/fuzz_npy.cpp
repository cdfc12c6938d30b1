#include "core/io/npz.h"
#include "tests/fuzz/fuzz.h"

using namespace farfield;

// What is read must also be written and read back the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::read_or_refuse([&] {
    const std::string bytes = serialize_npy(parse_npy(fuzz::text_of(data, size), "fuzz"));
    if (serialize_npy(parse_npy(bytes, "again")) != bytes) std::abort();
  });
}

#include "core/io/safetensors.h"
#include "tests/fuzz/fuzz.h"

using namespace farfield;

// What is read must also be written and read back the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::read_or_refuse([&] {
    const TensorFile file = parse_safetensors(fuzz::text_of(data, size), "fuzz");
    const std::string bytes = serialize_safetensors(file);
    if (serialize_safetensors(parse_safetensors(bytes, "again")) != bytes) std::abort();
  });
}

#include "core/io/image_header.h"
#include "core/io/image_traits.h"
#include "tests/fuzz/fuzz.h"

using namespace farfield;

// What stands before OpenCV's decoders: formats, sizes, PNG checksums, EXIF.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  image_traits(fuzz::text_of(data, size));
  return fuzz::read_or_refuse([&] { read_image_header(fuzz::text_of(data, size), "fuzz"); });
}

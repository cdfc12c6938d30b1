#include "core/data/image_labels.h"
#include "tests/fuzz/fuzz.h"

using namespace farfield;

// A dataset.json: its JSON, its forms, and how paths in it are matched.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz::read_or_refuse([&] {
    read_image_labels("fuzz", {{"a/dataset.json", std::string(fuzz::text_of(data, size))}},
                      {"a/0.png", "b.png", "c.png"});
  });
}

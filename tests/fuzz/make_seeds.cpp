#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/io/image.h"
#include "core/io/npz.h"
#include "core/io/safetensors.h"

// make_seeds DIR: writes valid inputs for every fuzz target into DIR/TARGET.
namespace farfield {
namespace {
namespace fs = std::filesystem;

void save(const fs::path& folder, const char* target, const std::string& name, const std::string& bytes) {
  fs::create_directories(folder / target);
  std::ofstream(folder / target / name, std::ios::binary) << bytes;
}

void make_seeds(const fs::path& folder) {
  std::map<std::string, torch::Tensor> arrays;
  for (const auto dtype :
       {torch::kBool, torch::kUInt8, torch::kInt16, torch::kInt64, torch::kFloat16, torch::kFloat32, torch::kFloat64}) {
    const std::string name = c10::toString(dtype);
    arrays[name] = torch::ones({2, 3}, dtype);
    save(folder, "fuzz_npy", name, serialize_npy(arrays[name]));
  }
  save(folder, "fuzz_npy", "scalar", serialize_npy(torch::tensor(1.5)));
  save(folder, "fuzz_safetensors", "kinds", serialize_safetensors({arrays, {{"config", "{\"a\": [1]}"}}}));
  save(folder, "fuzz_safetensors", "one", serialize_safetensors({{{"w", torch::zeros({2})}}, {}}));
  save(folder, "fuzz_safetensors", "empty", serialize_safetensors({}));
  fs::create_directories(folder / "fuzz_npz");
  write_npz(folder / "fuzz_npz/two", {{"x", torch::zeros({2})}, {"y", torch::tensor(3)}});
  write_npz(folder / "fuzz_npz/none", {});
  for (const int64_t channels : {1, 3}) {
    save(folder, "fuzz_image_header", "png" + std::to_string(channels),
         encode_png(torch::zeros({3, 4, channels}, torch::kUInt8), {{"key", "text"}}));
  }
  using std::string_literals::operator""s;
  save(folder, "fuzz_image_header", "jpeg",
       "\xFF\xD8\xFF\xE0\0\4ab\xFF\xC0\0\x11\10\0\10\0\10\3\1\x11\0\2\x11\0\3\x11\0\xFF\xDA\0\2x\xFF\xD9"s);
  save(folder, "fuzz_image_header", "bmp", "BM"s + std::string(12, '\0') + "\x28\0\0\0\2\0\0\0\2\0\0\0"s);
  save(folder, "fuzz_image_header", "pgm", "P5\n# c\n2 1\n255\nab");
  save(folder, "fuzz_image_header", "webp", "RIFF\x16\0\0\0WEBPVP8L\1\0\0\0x\0EXIF\2\0\0\0II"s);
  save(folder, "fuzz_image_header", "tiff",
       "II*\0\x0A\0\0\0ab\2\0\x11\1\4\0\1\0\0\0\x08\0\0\0\x17\1\4\0\1\0\0\0\2\0\0\0\0\0\0\0"s);
  save(folder, "fuzz_label_entries", "edm", R"({"labels": [["a/0.png", 1], ["b.png", [0, 1]], ["c.png", "cat"]]})");
  save(folder, "fuzz_label_entries", "object", R"({"a.png": 1, "b.png": 2.0})");
  save(folder, "fuzz_idx", "two", "\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\3"s + std::string(12, 'x'));
  save(folder, "fuzz_idx", "gzip", "\x1F\x8B\10\0\0\0\0\0\2\3"s + std::string(30, '\0'));
  save(folder, "fuzz_config", "all", "a: 1.5\nb: 3\nc: true\nd: text\ne: [1, 2.5]\nf: [1, 2]\ng: {x: two}\n");
  save(folder, "fuzz_config", "alias", "a: &x [1, 2]\ne: *x\nd: \"quoted\"\n");
}

}  // namespace
}  // namespace farfield

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: make_seeds DIR\n", stderr);
    return 2;
  }
  farfield::make_seeds(arguments[1]);
}

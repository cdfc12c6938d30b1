#include <filesystem>
#include <vector>

#include <unistd.h>

#include "benchmarks/bench_support.h"
#include "core/io/file.h"
#include "core/io/input_file.h"
#include "core/io/npz.h"
#include "core/io/safetensors.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

constexpr int64_t kTensors = 256;
constexpr int64_t kElements = 256 * 1024;  // 1 MiB each

// A file of 256 MiB in the page cache, removed at the end.
class LargeFile {
 public:
  LargeFile() : path_(fs::temp_directory_path() / ("farfield-benchmark-" + std::to_string(::getpid()))) {}
  ~LargeFile() { fs::remove(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::map<std::string, torch::Tensor> tensors() {
  std::map<std::string, torch::Tensor> all;
  for (int64_t i = 0; i < kTensors; ++i) all["layer." + std::to_string(i)] = torch::full({kElements}, 0.5f);
  return all;
}

// The file's bytes into fresh memory, and nothing else.
void read_bare(const fs::path& path) {
  const InputFile file(path);
  auto bytes = torch::empty({static_cast<int64_t>(file.size())}, torch::kUInt8);
  file.read(0, {static_cast<std::byte*>(bytes.data_ptr()), file.size()});
  benchmark::DoNotOptimize(bytes.data_ptr());
}

void safetensors_load(benchmark::State& state) {
  const LargeFile file;
  write_safetensors(file.path(), {tensors(), {}});
  bench::compare(state, [&] { benchmark::DoNotOptimize(read_safetensors(file.path())); },
                 [&] { read_bare(file.path()); });
}
BENCHMARK(safetensors_load)->Iterations(9)->Unit(benchmark::kMillisecond);

// Both against the hash of as many bytes that lie in memory: no file can be hashed faster.
void safetensors_load_hashed(benchmark::State& state) {
  const LargeFile file;
  write_safetensors(file.path(), {tensors(), {}});
  const std::string bytes = read_file(file.path(), uint64_t{1} << 32);
  bench::compare(state, [&] { benchmark::DoNotOptimize(read_safetensors_hashed(file.path())); },
                 [&] { benchmark::DoNotOptimize(sha256(bytes)); });
}
BENCHMARK(safetensors_load_hashed)->Iterations(9)->Unit(benchmark::kMillisecond);

void file_hash(benchmark::State& state) {
  const LargeFile file;
  write_safetensors(file.path(), {tensors(), {}});
  const std::string bytes = read_file(file.path(), uint64_t{1} << 32);
  bench::compare(state, [&] { benchmark::DoNotOptimize(sha256_file(file.path())); },
                 [&] { benchmark::DoNotOptimize(sha256(bytes)); });
}
BENCHMARK(file_hash)->Iterations(9)->Unit(benchmark::kMillisecond);

void npz_load(benchmark::State& state) {
  const LargeFile file;
  write_npz(file.path(), tensors());
  bench::compare(state, [&] { benchmark::DoNotOptimize(read_npz(file.path())); }, [&] { read_bare(file.path()); });
}
BENCHMARK(npz_load)->Iterations(9)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield

#include "analysis/features/sample_source.h"

#include <filesystem>

#include <fmt/format.h>

#include "core/data/sample_shards.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/npz_reader.h"
#include "core/io/tensor_bytes.h"
#include "core/source_form.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

constexpr const char* kStates = "x";  // of samples.npz: what the solver returned
constexpr const char* kSeeds = "seeds";

// samples.npz in the folder of a run, or the file itself where it has such states.
fs::path file_of_states(const std::string& text) {
  const fs::path file = fs::is_directory(text) ? fs::path(text) / "samples.npz" : fs::path(text);
  if (file.extension() != ".npz" || !fs::is_regular_file(file)) return {};
  return NpzReader(file).has(kStates) ? file : fs::path();
}

SampleSource run_samples(const std::string& text, const fs::path& file) {
  const NpzReader reader(file);
  torch::Tensor states = reader.numbers(kStates);
  if (!states.is_floating_point() || states.dim() < 2 || states.size(0) < 1)
    throw bad_file(file.string(), "array 'x' holds no samples, expected floating point [N, ...shape]");
  torch::Tensor seeds;
  if (reader.has(kSeeds)) {
    seeds = reader.numbers(kSeeds);
    if (seeds.dim() != 1 || seeds.size(0) != states.size(0) || seeds.scalar_type() != torch::kInt64)
      throw bad_file(file.string(), "array 'seeds' is not one whole number a sample, int64 [N]");
  }
  return SampleSource(text, std::move(states), std::move(seeds));
}

}  // namespace

SampleSource::SampleSource(std::string text, torch::Tensor states, torch::Tensor seeds)
    : text_(std::move(text)), states_(std::move(states)), seeds_(std::move(seeds)) {
  check(states_.is_floating_point() && states_.dim() >= 2 && states_.size(0) >= 1,
        "SampleSource takes floating [n, ...shape]");
  shape_ = states_.sizes().slice(1).vec();
  count_ = states_.size(0);
}

SampleSource::SampleSource(std::shared_ptr<const DataSource> data)
    : text_(data->info().name), data_(std::move(data)), shape_(data_->info().shape), count_(data_->info().count) {}

torch::Tensor SampleSource::rows(int64_t first, int64_t size) const {
  return data_ ? data_->rows(first, size) : states_.narrow(0, first, size);
}

std::string SampleSource::fingerprint() const {
  if (data_) return data_->info().fingerprint;
  const torch::Tensor whole = states_.contiguous();
  return sha256(text_of(whole));
}

SampleSource open_samples(const std::string& text) {
  if (const fs::path file = file_of_states(text); !file.empty()) return run_samples(text, file);
  const bool sharded = fs::is_regular_file(fs::path(text) / kShardFolder / kShardIndex);
  if (!sharded) return SampleSource(open_data(text));
  const SourceForm of_run{"samples", text, {fmt::format("key={}", kStates)}};
  return SampleSource(open_data(source_text(of_run, data_source_prefixes())));
}

}  // namespace farfield

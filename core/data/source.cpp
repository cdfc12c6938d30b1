#include "core/data/source.h"

#include <array>
#include <cmath>
#include <cstring>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "core/error.h"
#include "core/io/file.h"

namespace farfield {
namespace {

// Fewer elements than this are converted on the calling thread: the loader's thread must not start a second team.
constexpr int64_t kElementsPerThread = 1 << 22;

std::span<const std::byte> bytes_of(const torch::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
}

std::array<float, 256> byte_values() {
  std::array<float, 256> values{};
  for (int byte = 0; byte < 256; ++byte) values[byte] = static_cast<float>(byte) / 127.5f - 1.0f;
  return values;
}

void check_finite(const std::string& name, const torch::Tensor& samples) {
  const int64_t size = samples.numel() / samples.size(0);
  const float* data = samples.const_data_ptr<float>();
  for (int64_t i = 0; i < samples.numel(); ++i) {
    if (!std::isfinite(data[i])) {
      throw bad_file(
          name, fmt::format("sample {} holds {} at element {}; expected finite numbers", i / size, data[i], i % size));
    }
  }
}

void check_labels(const std::string& name, const torch::Tensor& labels, int64_t count, int64_t label_dim) {
  if (labels.dim() != 1 || labels.size(0) != count || labels.scalar_type() != torch::kInt64) {
    throw bad_file(name, fmt::format("got labels of shape {}, expected [{}]", fmt::streamed(labels.sizes()), count));
  }
  const int64_t lowest = labels.min().item<int64_t>(), highest = labels.max().item<int64_t>();
  if (lowest < 0 || highest >= label_dim) {
    throw bad_file(name, fmt::format("got labels from {} to {}, expected 0 to {}", lowest, highest, label_dim - 1));
  }
}

std::string fingerprint_of(const torch::Tensor& samples, const torch::Tensor& labels) {
  std::string text = samples.scalar_type() == torch::kUInt8 ? "u8" : "f32";
  for (const int64_t size : samples.sizes()) text += fmt::format(" {}", size);
  text += " " + sha256(bytes_of(samples));
  if (labels.defined()) text += " " + sha256(bytes_of(labels));
  return sha256(text);
}

}  // namespace

DataSource::DataSource(std::string name, torch::Tensor samples, torch::Tensor labels, int64_t label_dim,
                       DataNotes notes)
    : samples_(samples.contiguous()), labels_(labels.defined() ? labels.contiguous() : labels) {
  const bool images = samples_.scalar_type() == torch::kUInt8;
  check(samples_.is_cpu() && (images || samples_.scalar_type() == torch::kFloat32), "samples are uint8 or float32");
  if (samples_.dim() < 2 || (images && samples_.dim() != 4) || samples_.numel() == 0) {
    throw bad_file(name, fmt::format("got samples of shape {}, expected {}, none of them 0",
                                     fmt::streamed(samples_.sizes()), images ? "[N,C,H,W]" : "[N, ...]"));
  }
  if (!images) check_finite(name, samples_);
  if (labels_.defined()) check_labels(name, labels_, samples_.size(0), label_dim);
  info_.name = std::move(name);
  info_.shape = samples_.sizes().slice(1).vec();
  info_.count = samples_.size(0);
  info_.eight_bit = images;
  info_.label_dim = labels_.defined() ? label_dim : 0;
  info_.fingerprint = fingerprint_of(samples_, labels_);
  info_.notes = std::move(notes);
}

torch::Tensor DataSource::rows(int64_t first, int64_t count) const {
  check(first >= 0 && count >= 0 && first <= info_.count - count, "rows within the data set");
  return rows(torch::arange(first, first + count, torch::kInt64));
}

torch::Tensor DataSource::rows(const torch::Tensor& index) const {
  static const std::array<float, 256> kValues = byte_values();
  const auto places = index.to(torch::kInt64).contiguous();
  const int64_t size = samples_.numel() / info_.count;
  std::vector<int64_t> shape = info_.shape;
  shape.insert(shape.begin(), places.numel());
  auto result = torch::empty(shape, torch::kFloat32);
  const int64_t* place = places.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < places.numel(); ++i) check(place[i] >= 0 && place[i] < info_.count, "a row of the data set");
  float* out = result.data_ptr<float>();
  at::parallel_for(0, places.numel(), std::max<int64_t>(1, kElementsPerThread / size), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (samples_.scalar_type() == torch::kFloat32) {
        std::memcpy(out + i * size, samples_.const_data_ptr<float>() + place[i] * size, size * sizeof(float));
        continue;
      }
      const uint8_t* bytes = samples_.const_data_ptr<uint8_t>() + place[i] * size;
      for (int64_t k = 0; k < size; ++k) out[i * size + k] = kValues[bytes[k]];
    }
  });
  return result;
}

torch::Tensor DataSource::one_hot(const torch::Tensor& index) const {
  if (!labels_.defined()) return {};
  auto result = torch::zeros({index.numel(), info_.label_dim}, torch::kFloat32);
  return result.scatter_(1, labels_.index_select(0, index.to(torch::kInt64)).unsqueeze(1), 1.0f);
}

}  // namespace farfield

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "core/data/kinds.h"
#include "core/error.h"
#include "core/io/npz.h"
#include "core/text.h"

namespace farfield {
namespace {

// uint8 [N,H,W] or [N,H,W,C] -> [N,C,H,W]; floating point [N, ...] -> float32, values as they are.
torch::Tensor as_samples(const std::string& where, const torch::Tensor& array) {
  if (array.is_floating_point() && array.dim() >= 2) return array.to(torch::kFloat32);
  if (array.scalar_type() == torch::kUInt8 && array.dim() == 3) return array.unsqueeze(1);
  if (array.scalar_type() == torch::kUInt8 && array.dim() == 4 && (array.size(3) == 1 || array.size(3) == 3)) {
    return array.permute({0, 3, 1, 2}).contiguous();
  }
  throw bad_file(where, fmt::format("got an array of {} {}, expected uint8 [N,H,W], [N,H,W,1] or [N,H,W,3], or "
                                    "floating point [N, ...]",
                                    torch::toString(array.scalar_type()), fmt::streamed(array.sizes())));
}

std::string names_of(const std::map<std::string, torch::Tensor>& arrays) {
  std::vector<std::string> names;
  for (const auto& [name, array] : arrays) names.push_back(quote(name));
  return join(names, ", ");
}

// The array that `key` names; without one the only array, or "images", or "x" (what `sample` writes).
std::string sample_key(const SourceRequest& request, const std::map<std::string, torch::Tensor>& arrays) {
  std::vector<std::string> candidates = {"images", "x"};
  if (arrays.size() == 1) candidates.assign(1, arrays.begin()->first);
  if (request.has("key")) candidates.assign(1, request.word("key", ""));
  for (const auto& name : candidates) {
    if (arrays.contains(name)) return name;
  }
  throw bad_file(request.path(), fmt::format("no array '{}'; it holds {}; name one with key=NAME",
                                             join(candidates, "' or '"), names_of(arrays)));
}

}  // namespace

RawSamples read_npy_samples(const SourceRequest& request) {
  return {as_samples(request.path(), read_npy(request.path(), kDataBytesLimit)), {}, 0};
}

RawSamples read_npz_samples(const SourceRequest& request) {
  const auto arrays = read_npz(request.path(), kDataBytesLimit);
  const std::string key = sample_key(request, arrays), label_key = request.word("label-key", "labels");
  const std::string where = fmt::format("{}, array {}", request.path(), quote(key));
  RawSamples raw{as_samples(where, arrays.at(key)), {}, 0};
  if (!request.wants_labels()) return raw;
  const auto labels = arrays.find(label_key);
  if (labels == arrays.end()) {
    if (!request.has("label-key")) return raw;
    throw bad_file(request.path(), fmt::format("no array '{}'; it holds {}", label_key, names_of(arrays)));
  }
  if (!torch::isIntegralType(labels->second.scalar_type(), false) || labels->second.dim() != 1 ||
      labels->second.numel() == 0) {
    throw bad_file(request.path(), fmt::format("array '{}' is not a list of whole numbers, one class per sample; "
                                               "leave it out with labels=no", label_key));
  }
  raw.labels = labels->second.to(torch::kInt64);
  if (raw.labels.size(0) != raw.samples.size(0)) {
    throw bad_file(request.path(), fmt::format("got {} labels in array '{}' for {} samples in '{}'", raw.labels.size(0),
                                               label_key, raw.samples.size(0), key));
  }
  if (raw.labels.eq(-1).all().item<bool>()) return {raw.samples, {}, 0};  // what 'sample' writes for unlabelled models
  raw.label_dim = raw.labels.max().item<int64_t>() + 1;
  return raw;
}

}  // namespace farfield

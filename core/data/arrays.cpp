#include <algorithm>

#include <fmt/format.h>

#include "core/data/array_labels.h"
#include "core/data/array_samples.h"
#include "core/data/readers.h"
#include "core/error.h"
#include "core/io/npy_header.h"
#include "core/io/npz_reader.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {
namespace {

std::string names_of(const NpzReader& arrays) {
  constexpr size_t kShown = 20;
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(kShown, arrays.names().size()); ++i) names.push_back(quote(arrays.names()[i]));
  if (arrays.names().size() > kShown) names.push_back(fmt::format("and {} more", arrays.names().size() - kShown));
  return names.empty() ? "no arrays" : join(names, ", ");
}

// The array that `key` names; without one the only array, or "images", or "x" (what `sample` writes).
std::string sample_key(const SourceRequest& request, const NpzReader& arrays) {
  std::vector<std::string> candidates = {"images", "x"};
  if (arrays.names().size() == 1) candidates = arrays.names();
  if (request.has("key")) candidates.assign(1, request.word("key", ""));
  for (const auto& name : candidates) {
    if (arrays.has(name)) return name;
  }
  throw bad_file(request.path(), fmt::format("no array '{}'; it holds {}; name one with key=NAME",
                                             join(candidates, "' or '"), names_of(arrays)));
}

// True for an array that could be the classes of `count` samples. Large ones are not looked at.
bool may_be_labels(const NpzReader& arrays, const std::string& name, int64_t count) {
  constexpr uint64_t kBytesPerLabel = 256;
  if (arrays.bytes(name) > kNpyHeaderLimit + kBytesPerLabel * static_cast<uint64_t>(count)) return false;
  RawSamples probe;
  probe.samples = torch::empty({count, 0});
  try {
    take_array_labels(arrays.read(name), name, probe);
  } catch (const Error&) {
    return false;
  }
  return probe.labels.defined();
}

void take_labels(const SourceRequest& request, const NpzReader& arrays, const std::string& key, RawSamples& raw) {
  try {
    take_array_labels(arrays.read(key, limits::kMostBytes), fmt::format("{}, array {}", request.path(), quote(key)),
                      raw);
  } catch (const Error& error) {
    throw Error(error.code(), std::string(error.what()) + "; leave the labels out with labels=no");
  }
}

// Says which array may be the labels that nobody named.
void warn_of_unused_labels(const SourceRequest& request, const NpzReader& arrays, const std::string& key,
                           RawSamples& raw) {
  for (const auto& name : arrays.names()) {
    if (name == key || !may_be_labels(arrays, name, raw.samples.size(0))) continue;
    raw.warnings.push_back(
        fmt::format("{}: no labels are used, but array {} has a class for each sample; take it with "
                    "label-key=NAME, or say labels=no",
                    request.path(), quote(name)));
    return;
  }
}

}  // namespace

RawSamples read_npy_samples(const SourceRequest& request) {
  return array_samples(request, request.path(), read_npy(request.path(), limits::kMostBytes));
}

RawSamples read_npz_samples(const SourceRequest& request) {
  const NpzReader arrays(request.path());
  const std::string key = sample_key(request, arrays), label_key = request.word("label-key", "labels");
  const std::string where = fmt::format("{}, array {}", request.path(), quote(key));
  RawSamples raw = array_samples(request, where, arrays.numbers(key, limits::kMostBytes));
  if (!request.wants_labels() || raw.samples.size(0) == 0) return raw;
  if (arrays.has(label_key)) {
    take_labels(request, arrays, label_key, raw);
  } else if (request.has("label-key")) {
    throw bad_file(request.path(), fmt::format("no array '{}'; it holds {}", label_key, names_of(arrays)));
  } else {
    warn_of_unused_labels(request, arrays, key, raw);
  }
  return raw;
}

}  // namespace farfield

#include "models/analytic/reference_file.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/json.h"
#include "core/io/wrong_file.h"

namespace farfield {

namespace {

constexpr const char* kReferenceFormat = "farfield reference 1";
constexpr const char* kMetadataKeys[] = {"format", "kind", "sample_shape", "source", "fingerprint"};

TensorFile to_file(const GaussianStats& stats) {
  return {{{"mean", stats.mean},
           {"basis", stats.basis},
           {"eigenvalues", stats.eigenvalues},
           {"tail", torch::full({}, stats.tail, torch::kFloat64)},
           {"count", torch::full({}, stats.count, torch::kInt64)}},
          {{"kind", "gaussian"}}};
}

TensorFile to_file(const MixtureStats& stats) {
  return {{{"weights", stats.weights},
           {"means", stats.means},
           {"bases", stats.bases},
           {"eigenvalues", stats.eigenvalues},
           {"tails", stats.tails},
           {"counts", stats.counts}},
          {{"kind", "mixture"}}};
}

// Hands out the entries of a file one by one, and at the end refuses what nobody asked for.
class Entries {
 public:
  Entries(const TensorFile& file, std::string_view name) : file_(file), name_(name) {}

  std::string text(const std::string& key) const {
    const auto found = file_.metadata.find(key);
    if (found == file_.metadata.end()) throw bad_file(name_, "metadata lacks '" + key + "'");
    return found->second;
  }

  torch::Tensor tensor(const std::string& key, torch::ScalarType dtype = torch::kFloat64) {
    const auto found = file_.tensors.find(key);
    if (found == file_.tensors.end()) throw bad_file(name_, "tensor '" + key + "' is missing");
    if (found->second.scalar_type() != dtype) {
      throw bad_file(name_, fmt::format("tensor '{}' is {}, expected {}", key, toString(found->second.scalar_type()),
                                        toString(dtype)));
    }
    ++used_;
    return found->second;
  }

  torch::Tensor scalar(const std::string& key, torch::ScalarType dtype) {
    const auto value = tensor(key, dtype);
    if (value.dim() != 0) throw bad_file(name_, "tensor '" + key + "' must be one number");
    return value;
  }

  std::vector<int64_t> shape(const std::string& key) const {
    const auto parsed = json_or_null(text(key));
    const bool valid = parsed.is_array() && !parsed.empty() && parsed.size() <= 8 &&
                       std::all_of(parsed.begin(), parsed.end(), [](const auto& size) {
      return size.is_number_unsigned() && size.template get<uint64_t>() >= 1 &&
             size.template get<uint64_t>() <= 1'000'000;
    });
    if (!valid)
      throw bad_file(name_, fmt::format("metadata '{}' is '{}', expected a shape like [3,32,32]", key, text(key)));
    return parsed.get<std::vector<int64_t>>();
  }

  void check_nothing_else() const {
    if (file_.tensors.size() != used_) {
      throw bad_file(name_, fmt::format("holds {} tensors, expected {}: not a reference of this version",
                                        file_.tensors.size(), used_));
    }
    for (const auto& [key, value] : file_.metadata) {
      if (std::find(std::begin(kMetadataKeys), std::end(kMetadataKeys), key) == std::end(kMetadataKeys)) {
        throw bad_file(name_, "unknown metadata '" + key + "'");
      }
    }
  }

 private:
  const TensorFile& file_;
  std::string name_;
  size_t used_ = 0;
};

GaussianStats read_gaussian_entries(Entries& entries) {
  GaussianStats stats;
  stats.mean = entries.tensor("mean");
  stats.basis = entries.tensor("basis");
  stats.eigenvalues = entries.tensor("eigenvalues");
  stats.tail = entries.scalar("tail", torch::kFloat64).item<double>();
  stats.count = entries.scalar("count", torch::kInt64).item<int64_t>();
  return stats;
}

MixtureStats read_mixture_entries(Entries& entries) {
  MixtureStats stats;
  stats.weights = entries.tensor("weights");
  stats.means = entries.tensor("means");
  stats.bases = entries.tensor("bases");
  stats.eigenvalues = entries.tensor("eigenvalues");
  stats.tails = entries.tensor("tails");
  stats.counts = entries.tensor("counts", torch::kInt64);
  return stats;
}

// The statistics' own checks speak of fields; here they get the file's name and kind of error.
void check_content(const Reference& reference, std::string_view name) {
  int64_t dim = 0, elements = 1;
  try {
    std::visit([&](const auto& stats) {
      stats.validate();
      dim = stats.dim();
    }, reference.stats);
  } catch (const Error& error) {
    throw bad_file(name, error.what());
  }
  for (const int64_t size : reference.sample_shape) {
    elements = elements > dim ? elements : elements * size;  // sizes are at most 1e6: no overflow
  }
  if (elements != dim) throw bad_file(name, fmt::format("sample_shape does not have the statistics' {} elements", dim));
}

}  // namespace

std::string write_reference(const std::filesystem::path& path, const Reference& reference) {
  auto file = std::visit([](const auto& stats) { return to_file(stats); }, reference.stats);
  file.metadata["format"] = kReferenceFormat;
  file.metadata["sample_shape"] = dump_json(nlohmann::json(reference.sample_shape));
  file.metadata["source"] = reference.source;
  file.metadata["fingerprint"] = reference.fingerprint;
  return write_safetensors(path, file);
}

bool is_reference(const TensorFile& file) {
  const auto format = file.metadata.find("format");
  return format != file.metadata.end() && format->second == kReferenceFormat;
}

Reference parse_reference(const TensorFile& file, std::string_view name) {
  if (!is_reference(file)) {
    throw bad_file(name, fmt::format("not a fitted reference: its metadata lacks format '{}'", kReferenceFormat));
  }
  Entries entries(file, name);
  Reference reference;
  const std::string kind = entries.text("kind");
  if (kind == "gaussian") {
    reference.stats = read_gaussian_entries(entries);
  } else if (kind == "mixture") {
    reference.stats = read_mixture_entries(entries);
  } else {
    throw bad_file(name, "metadata 'kind' is '" + kind + "', expected gaussian or mixture");
  }
  reference.sample_shape = entries.shape("sample_shape");
  reference.source = entries.text("source");
  reference.fingerprint = entries.text("fingerprint");
  entries.check_nothing_else();
  check_content(reference, name);
  return reference;
}

Reference read_reference(const std::filesystem::path& path) {
  return parse_reference(read_as(FileKind::kSafetensors, path, [&] { return read_safetensors(path); }), path.string());
}

GaussianStats read_gaussian(const std::filesystem::path& path) {
  const auto reference = read_reference(path);
  if (const auto* stats = std::get_if<GaussianStats>(&reference.stats)) return *stats;
  throw usage_error(path.string() + " is a mixture; a Gaussian is needed here (farfield fit gaussian)");
}

std::unique_ptr<AnalyticDenoiser> make_denoiser(const Reference& reference) {
  if (const auto* stats = std::get_if<GaussianStats>(&reference.stats)) {
    return make_gaussian(*stats, reference.sample_shape);
  }
  return make_mixture(std::get<MixtureStats>(reference.stats), reference.sample_shape);
}

}  // namespace farfield

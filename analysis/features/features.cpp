#include "analysis/features/features.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "analysis/features/feature_arrays.h"
#include "analysis/features/feature_request.h"
#include "analysis/features/principal_features.h"
#include "analysis/paths/path_batches.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/npz.h"
#include "core/io/npz_reader.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

constexpr const char* kFeatures = "features";

// The .npz of features or moments that `text` names; empty where it names samples.
fs::path file_of_features(const std::string& text) {
  fs::path file = text;
  if (fs::is_directory(text)) file /= fs::exists(file / "features.npz") ? "features.npz" : "moments.npz";
  if (file.extension() != ".npz" || !fs::is_regular_file(file)) return {};
  const NpzReader reader(file);
  const bool moments = reader.has("mu") && reader.has("sigma");
  return reader.has(kFeatures) || moments ? file : fs::path();
}

Featured read_file(const std::string& text, const fs::path& file) {
  const NpzReader reader(file);
  Featured featured{text, sha256_file(file), {}, {}, {}};
  if (!reader.has(kFeatures)) {
    featured.known_moments = read_feature_moments(file);
    featured.contract = featured.known_moments->contract;
    return featured;
  }
  const torch::Tensor features = reader.numbers(kFeatures);
  if (!features.is_floating_point() || features.dim() != 2 || features.numel() == 0)
    throw bad_file(reader.where(kFeatures), "expected floating point [N, d]");
  const torch::Tensor finite = features.isfinite().all(1);
  if (!finite.all().item<bool>())
    throw bad_file(reader.where(kFeatures), fmt::format("features of sample {} are not finite",
                                                        finite.logical_not().nonzero()[0].item<int64_t>()));
  featured.contract = stored_contract(reader, features.size(1));
  featured.features = features;
  return featured;
}

// Whether a file's features are those that were asked for.
void check_asked(const FeatureContract& contract, const std::string& text, const std::string& asked,
                 const FeatureOptions& options) {
  if (asked.empty() || !contract.known()) return;
  const FeatureRequest request = parse_features(asked);
  const bool network = request.kind == FeatureRequest::Kind::kNetwork;
  const bool same = network ? sha256_file(request.network) == contract.sha256 : request.name == contract.name;
  if (!same)
    throw usage_error(
        fmt::format("'{}' holds features '{}', not '{}'; leave --features out, or give the samples themselves", text,
                    contract.name, request.name));
  const bool known_basis = request.kind == FeatureRequest::Kind::kPrincipal && options.reference != nullptr;
  if (known_basis && principal_basis(*options.reference, request.rank, request.quantise).sha256 != contract.sha256)
    throw usage_error(fmt::format("'{}' holds features '{}' of other data than '{}'; give the samples themselves", text,
                                  contract.name, options.reference->info().name));
  FeatureContract wanted = contract;
  wanted.quantised = request.quantise;
  if (network) {
    wanted = network_form(request).contract;
    wanted.sha256 = contract.sha256;
    wanted.dim = contract.dim;
  }
  if (const std::string why = difference(contract, wanted); !why.empty())
    throw usage_error(fmt::format("'{}' holds other features than '{}': {}", text, asked, why));
}

}  // namespace

torch::Tensor extract_features(const FeatureExtractor& extractor, const SampleSource& samples, int64_t batch,
                               const PartStore& parts, Comm& comm) {
  BatchWork work;
  work.what = "features " + extractor.contract().name;
  work.count = samples.count();
  work.batch = batch;
  work.names = {kFeatures};
  work.measure = [&](RowRange rows, Progress& progress) {
    torch::Tensor features = extractor(samples.rows(rows.first, rows.size)).contiguous();
    progress.advance(rows.size);
    return Arrays{{kFeatures, std::move(features)}};
  };
  return measure_batches(work, parts, comm).at(kFeatures);
}

Featured feature_samples(const SampleSource& samples, const std::string& asked, const FeatureOptions& options,
                         int64_t batch, const PartStore& parts, Comm& comm) {
  if (asked.empty())
    throw usage_error(fmt::format("'{}' holds samples; say what their features are: --features, {}", samples.text(),
                                  "pixels, pixels-8x8, pca:R, random-conv or NET.pt"));
  FeatureOptions own = options;
  if (!own.reference) own.reference = samples.data();
  const auto extractor = open_features(asked, samples.shape(), own);
  torch::Tensor features = extract_features(*extractor, samples, batch, parts, comm);
  return {samples.text(), samples.fingerprint(), extractor->contract(), std::move(features), {}};
}

FeatureMoments Featured::moments() const {
  return has_features() ? feature_moments(features, contract) : *known_moments;
}

bool names_features(const std::string& text) { return !file_of_features(text).empty(); }

Featured read_featured(const std::string& text, const std::string& asked, const FeatureOptions& options, int64_t batch,
                       const PartStore& parts, Comm& comm) {
  if (const fs::path file = file_of_features(text); !file.empty()) {
    Featured featured = read_file(text, file);
    check_asked(featured.contract, text, asked, options);
    return featured;
  }
  return feature_samples(open_samples(text), asked, options, batch, parts, comm);
}

void write_features(const fs::path& path, const torch::Tensor& features, const FeatureContract& contract) {
  write_npz(path, {{kFeatures, features}, {"contract", contract_array(contract)}});
}

}  // namespace farfield

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/features/feature_contract.h"
#include "analysis/features/feature_moments.h"
#include "analysis/features/sample_source.h"
#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "core/data/source.h"

namespace farfield {

// Turns samples into features.
class FeatureExtractor {
 public:
  virtual ~FeatureExtractor() = default;
  virtual const FeatureContract& contract() const = 0;
  // samples [B, ...shape] floating, images in [-1, 1] (beyond it they are clipped where they become bytes), shape being that
  // which it was opened for. [B, d] on the CPU, float32 (pca: float64), finite. Rows do not depend on one another but by
  // rounding. numeric_error for values that are not finite, bad_file naming the network for what it does wrong.
  virtual torch::Tensor operator()(const torch::Tensor& samples) const = 0;
};

struct FeatureOptions {
  bool trust = false;                             // consent to run a network's code
  torch::Device device = torch::kCPU;             // of a network
  std::shared_ptr<const DataSource> reference{};  // whose principal components pca has
};

// Opens FEATURES for samples of `shape`:
//   pixels         the numbers themselves, flattened; images as bytes first
//   pixels-8x8     block means: each channel over 8 x 8 blocks (block i: rows floor(iH/8) to ceil((i+1)H/8) - 1)
//   pca:R          the first R principal components of the reference
//   random-conv    fixed random convolutions with keyed weights: for regression tests, nobody's perception
//   NET.pt[,preset=NAME][,contract=FILE.yaml][,sha256=HEX][,time_limit=SECONDS]    a TorchScript network, as preset NAME
//                  (inception-2015-12-05, clean, dinov2-vitl14) or NET.yaml beside it says (docs/formats.md)
// Every form takes quantise=no: images as they are, not as bytes. usage_error for an unknown form, samples that it cannot take,
// a pca without reference; Error(kTrust) without consent; bad_file for a network that cannot be read, crashes, takes another
// dtype or returns anything but what the contract says.
std::unique_ptr<FeatureExtractor> open_features(const std::string& text, const std::vector<int64_t>& shape,
                                                const FeatureOptions& options);
std::string features_help();  // that list, for --help

// The features of all samples, [n, d], a batch at a time: shared by the ranks, kept in `parts`. The same bits for any number
// of ranks.
torch::Tensor extract_features(const FeatureExtractor& extractor, const SampleSource& samples, int64_t batch = 64,
                               const PartStore& parts = {}, Comm& comm = alone());

// What is known of the features of some samples: the features, or their moments alone.
struct Featured {
  std::string text;         // where it is from
  std::string fingerprint;  // SHA-256 of the samples' numbers, where they were at hand; of the file otherwise
  FeatureContract contract;
  torch::Tensor features;                       // [n, d]; undefined where only moments are known
  std::optional<FeatureMoments> known_moments;  // of a file that has them alone

  bool has_features() const { return features.defined(); }
  int64_t count() const { return has_features() ? features.size(0) : known_moments->count; }
  int64_t dim() const { return has_features() ? features.size(1) : known_moments->dim(); }
  FeatureMoments moments() const;  // known, or feature_moments() of the features
};

// Of samples that are at hand, by open_features(`asked`), whose reference is by default the data themselves.
Featured feature_samples(const SampleSource& samples, const std::string& asked, const FeatureOptions& options,
                         int64_t batch = 64, const PartStore& parts = {}, Comm& comm = alone());
// Whether `text` names a file of features or moments, as read_featured() takes them; else it names samples.
bool names_features(const std::string& text);
// `text`: a file of `farfield features` (features.npz or moments.npz, or the folder they stand in), an .npz with an array `features` or with `mu` and
// `sigma`, a run of `farfield sample`, or SRC. The last two are given to feature_samples(); the others must be what `asked` names, where it names anything (pca: the components of options.reference, where there is one). usage_error where they are not, or where
// samples meet an empty `asked`; bad_file for features that are not finite or not as wide as their contract.
Featured read_featured(const std::string& text, const std::string& asked, const FeatureOptions& options,
                       int64_t batch = 64, const PartStore& parts = {}, Comm& comm = alone());
// features.npz: `features` [n, d] and `contract`.
void write_features(const std::filesystem::path& path, const torch::Tensor& features, const FeatureContract& contract);

}  // namespace farfield

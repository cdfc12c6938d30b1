#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/features/features.h"
#include "analysis/quality/frechet.h"
#include "analysis/quality/quality_sets.h"

namespace farfield {

// Measures of sets of samples against data that are one number each, for studies that measure many sets: the numbers of
// `farfield quality` of the same samples, features and names.
struct SetMeasure {
  std::string name;       // as in quality.csv
  std::string words;      // "Fréchet distance"
  bool more_is_better;    // precision, recall, density, coverage
  bool logarithmic;       // of an axis; linear for shares and for kid, which may be below 0
  bool from_moments;      // needs no more than moments of the data
  int64_t least_samples;  // of either side

  bool better(double a, double b) const { return more_is_better ? a > b : a < b; }
};
// fd, kid, precision, recall, density, coverage, sliced_wasserstein, memorised.
const std::vector<SetMeasure>& set_measures();
// Names with commas between, the first of which is the one that counts. usage_error for another name, one twice, or none.
std::vector<SetMeasure> parse_set_measures(const std::string& text);

struct SetMeasureRequest {
  std::string measures = {};  // as parse_set_measures() takes them; "": nothing is measured
  std::string features = {};  // FEATURES; "": usual_features()
  std::optional<GivenSet> data = {};
  FeatureOptions options = {};  // of the features; pca's reference is the data
};
// usage_error for measures without data, and for data or features without measures.
void check_set_measures(const SetMeasureRequest& request);

// The data's side, opened once.
class SetMeasures {
 public:
  // For samples of `shape`. Ranks share the data's features. Errors as open_features() and read_featured(); usage_error for
  // data of another shape, other features, too few of them, or moments alone where a measure needs more.
  SetMeasures(const SetMeasureRequest& request, const std::vector<int64_t>& shape, Comm& comm = alone());

  const std::vector<SetMeasure>& measures() const { return measures_; }
  const Featured& data() const { return data_; }
  const FeatureContract& contract() const { return extractor_->contract(); }

  // usage_error for fewer samples than a measure takes. Warns where the number would mislead: not more than features.
  void check_count(int64_t samples) const;
  // samples [B, ...shape] as a solver returned them: [B, dim] on the CPU, float64, of networks float32.
  torch::Tensor features_of(const torch::Tensor& samples) const;
  // Of all features [n, dim] of a set, in the order of measures(). Measures that look at all pairs take at most 10,000 of
  // each side, drawn as `farfield quality` draws them. Error(kInterrupted) on a signal.
  std::vector<double> values_of(const torch::Tensor& features) const;

 private:
  double value_of(const SetMeasure& measure, const torch::Tensor& features) const;

  std::vector<SetMeasure> measures_;
  std::unique_ptr<FeatureExtractor> extractor_;
  Featured data_;
  torch::Tensor drawn_;   // of the data's features; undefined of moments
  FrechetFactor factor_;  // where the Fréchet distance is asked for
  bool network_ = false;
};

// Of features [n, S, dim] of S sets: a list a set, on the root of `comm`; empty lists on the others.
std::vector<std::vector<double>> measure_sets(const SetMeasures& measures, const torch::Tensor& features, Comm& comm);

}  // namespace farfield

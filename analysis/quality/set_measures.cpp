#include "analysis/quality/set_measures.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/features/feature_request.h"
#include "analysis/quality/drawn_places.h"
#include "analysis/quality/kernel_distance.h"
#include "analysis/quality/memorisation.h"
#include "analysis/quality/precision_recall.h"
#include "analysis/quality/quality.h"
#include "analysis/quality/sliced_wasserstein.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/shards.h"
#include "core/text.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kDataBatch = 64;

// FEATURES that are a file's own need not be said again.
Featured featured_data(const GivenSet& data, const FeatureExtractor& extractor, const std::string& features,
                       const FeatureOptions& options, Comm& comm) {
  if (const auto* samples = std::get_if<SampleSource>(&data))
    return {samples->text(),
            samples->fingerprint(),
            extractor.contract(),
            extract_features(extractor, *samples, kDataBatch, {}, comm),
            {}};
  Featured featured = read_featured(std::get<std::string>(data), features, options);
  const std::string why = difference(featured.contract, extractor.contract());
  if (!why.empty())
    throw usage_error(fmt::format("'{}' holds other features than '{}': {}", featured.text, features, why));
  return featured;
}

void require_shape(const GivenSet& data, const std::vector<int64_t>& shape) {
  const auto* samples = std::get_if<SampleSource>(&data);
  if (samples == nullptr || samples->shape() == shape) return;
  throw usage_error(fmt::format("samples of one shape are compared: those of '{}' are [{}], the model's [{}]",
                                samples->text(), join(samples->shape(), ","), join(shape, ",")));
}

}  // namespace

const std::vector<SetMeasure>& set_measures() {
  static const std::vector<SetMeasure> measures = {
      {"fd", "Fréchet distance", false, true, true, 2},
      {"kid", "kernel distance", false, false, false, 2},
      {"precision", "precision", true, false, false, kPrecisionNeighbours + 1},
      {"recall", "recall", true, false, false, kPrecisionNeighbours + 1},
      {"density", "density", true, false, false, kDensityNeighbours + 1},
      {"coverage", "coverage", true, false, false, kDensityNeighbours + 1},
      {"sliced_wasserstein", "squared sliced Wasserstein distance", false, true, false, 2},
      {"memorised", "memorised share", false, false, false, 2}};
  return measures;
}

std::vector<SetMeasure> parse_set_measures(const std::string& text) {
  std::vector<std::string> known;
  for (const SetMeasure& measure : set_measures()) known.push_back(measure.name);
  std::vector<SetMeasure> asked;
  for (const std::string& name : split(text, ',')) {
    const auto found = std::ranges::find(set_measures(), name, &SetMeasure::name);
    if (found == set_measures().end())
      throw usage_error(fmt::format("measure '{}' is not known, expected some of {}", name, join(known, ",")));
    if (std::ranges::find(asked, name, &SetMeasure::name) != asked.end())
      throw usage_error(fmt::format("measure '{}' is named twice", name));
    asked.push_back(*found);
  }
  if (asked.empty()) throw usage_error("no measure is named, expected some of " + join(known, ","));
  return asked;
}

void check_set_measures(const SetMeasureRequest& request) {
  if (request.measures.empty()) {
    if (request.data || !request.features.empty())
      throw usage_error("--data and --features are of a measure of samples against data; say which: --measure fd");
    return;
  }
  (void)parse_set_measures(request.measures);
  if (!request.data)
    throw usage_error(
        fmt::format("--measure {}: measures samples against data; name them: --data SRC", request.measures));
}

SetMeasures::SetMeasures(const SetMeasureRequest& request, const std::vector<int64_t>& shape, Comm& comm)
    : measures_(parse_set_measures(request.measures)) {
  check(request.data.has_value(), "SetMeasures takes data");
  const GivenSet& data = *request.data;
  require_shape(data, shape);
  const std::string features = features_for(data, request.features);
  network_ = parse_features(features).kind == FeatureRequest::Kind::kNetwork;
  FeatureOptions options = request.options;
  if (const auto* samples = std::get_if<SampleSource>(&data); samples != nullptr && !options.reference)
    options.reference = as_data(*samples);
  extractor_ = open_features(features, shape, options);
  data_ = featured_data(data, *extractor_, features, options, comm);
  if (data_.has_features()) {
    if (!network_) data_.features = data_.features.to(torch::kFloat64);
    drawn_ = data_.features.index_select(0,
                                         drawn_places(data_.count(), QualityOptions().most, QualityOptions().seed, 0));
  }
  for (const SetMeasure& measure : measures_) {
    if (!measure.from_moments && !data_.has_features())
      throw usage_error(fmt::format("measure '{}' needs the features of the data: '{}' holds moments alone",
                                    measure.name, data_.text));
    if (data_.has_features() && data_.count() < measure.least_samples)
      throw usage_error(fmt::format("measure '{}' needs {} data points or more: '{}' holds {}", measure.name,
                                    measure.least_samples, data_.text, data_.count()));
    if (measure.name == "fd")
      factor_ = data_.has_features() ? frechet_factor(data_.features) : frechet_factor(*data_.known_moments);
  }
}

void SetMeasures::check_count(int64_t samples) const {
  for (const SetMeasure& measure : measures_) {
    if (samples < measure.least_samples)
      throw usage_error(fmt::format("measure '{}' needs {} samples or more of every set, got {} seeds", measure.name,
                                    measure.least_samples, samples));
    if (measure.name == "fd" && samples <= contract().dim)
      log::warning(fmt::format("{} samples for {} features: the Fréchet distances are mostly the bias of so few",
                               samples, contract().dim));
  }
}

Tensor SetMeasures::features_of(const Tensor& samples) const {
  return (*extractor_)(samples.cpu()).to(network_ ? torch::kFloat32 : torch::kFloat64).contiguous();
}

double SetMeasures::value_of(const SetMeasure& measure, const Tensor& features) const {
  const QualityOptions usual;
  if (measure.name == "fd") return frechet_distance(frechet_factor(features), factor_).value;
  if (measure.name == "kid") {
    const int64_t size = usual.subset_size,
                  subsets = useful_subsets(features.size(0), data_.count(), usual.subsets, size);
    return kernel_distance_of_subsets(data_.features, features, subsets, size, usual.seed).mean;
  }
  if (measure.name == "sliced_wasserstein")
    return sliced_wasserstein(data_.features, features, usual.directions, usual.seed).mean;
  const Tensor chosen = features.index_select(0, drawn_places(features.size(0), usual.most, usual.seed, 1));
  if (measure.name == "memorised") return memorisation(data_.features, chosen).memorised;
  if (measure.name == "precision" || measure.name == "recall") {
    const auto both = precision_recall(drawn_, chosen, kPrecisionNeighbours, BallBorder::kIn);
    return measure.name == "precision" ? both.precision : both.recall;
  }
  const auto both = precision_recall(drawn_, chosen, kDensityNeighbours, BallBorder::kOut);
  return measure.name == "density" ? both.density : both.coverage;
}

std::vector<double> SetMeasures::values_of(const Tensor& features) const {
  std::vector<double> values;
  for (const SetMeasure& measure : measures_) {
    stop_if_interrupted();
    values.push_back(value_of(measure, features));
  }
  return values;
}

std::vector<std::vector<double>> measure_sets(const SetMeasures& measures, const Tensor& features, Comm& comm) {
  const int64_t sets = features.size(1);
  std::vector<std::vector<double>> values(static_cast<size_t>(sets));
  do_on_root(comm, [&] {
    Progress progress("measures", sets, "sets");
    for (int64_t set = 0; set < sets; ++set) {
      values[static_cast<size_t>(set)] = measures.values_of(features.select(1, set).contiguous());
      progress.advance();
    }
  });
  return values;
}

}  // namespace farfield

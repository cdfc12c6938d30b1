#include "analysis/quality/quality_sets.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/features/feature_request.h"
#include "analysis/paths/path_batches.h"
#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kUsualRank = 64, kLeastForUsualRank = 128;

const SampleSource* samples_of(const GivenSet& given) { return std::get_if<SampleSource>(&given); }

std::vector<const GivenSet*> all_of(const GivenSets& given) {
  std::vector<const GivenSet*> all = {&given.reference};
  for (const GivenSet& one : given.samples) all.push_back(&one);
  if (given.held_out) all.push_back(&*given.held_out);
  return all;
}

std::vector<SampleSource> sources_of(const GivenSets& given) {
  std::vector<SampleSource> sources;
  for (const GivenSet* one : all_of(given)) {
    if (const SampleSource* samples = samples_of(*one)) sources.push_back(*samples);
  }
  return sources;
}

void check_shapes(const std::vector<SampleSource>& sources) {
  for (const SampleSource& source : sources) {
    if (source.shape() != sources.front().shape())
      throw usage_error(fmt::format("samples of one shape are compared: '{}' holds [{}], '{}' [{}]",
                                    sources.front().text(), join(sources.front().shape(), ","), source.text(),
                                    join(source.shape(), ",")));
  }
}

// Of `size` samples from `first` on, counted through all sources one behind the other. Formulas return what they were given:
// float64 of runs, float32 of data.
Tensor features_across(const FeatureExtractor& extractor, const std::vector<SampleSource>& sources, RowRange rows,
                       torch::ScalarType dtype) {
  std::vector<Tensor> pieces;
  int64_t begin = 0;
  for (const SampleSource& source : sources) {
    const int64_t first = std::max(rows.first, begin), end = std::min(rows.first + rows.size, begin + source.count());
    if (first < end) pieces.push_back(extractor(source.rows(first - begin, end - first)).to(dtype));
    begin += source.count();
  }
  return torch::cat(pieces).contiguous();
}

// The features of every source, in their order.
std::vector<Tensor> features_of_all(const FeatureExtractor& extractor, const std::vector<SampleSource>& sources,
                                    torch::ScalarType dtype, int64_t batch, const PartStore& parts, Comm& comm) {
  std::vector<int64_t> counts;
  BatchWork work;
  for (const SampleSource& source : sources) {
    counts.push_back(source.count());
    work.count += source.count();
  }
  work.what = "features " + extractor.contract().name;
  work.batch = batch;
  work.names = {"features"};
  work.measure = [&](RowRange rows, Progress& progress) {
    Arrays found = {{"features", features_across(extractor, sources, rows, dtype)}};
    progress.advance(rows.size);
    return found;
  };
  return measure_batches(work, parts, comm).at("features").split_with_sizes(counts);
}

void check_contracts(const QualitySets& sets) {
  const Featured& reference = sets.reference.featured;
  const auto check_one = [&](const QualitySet& set) {
    const std::string why = difference(set.featured.contract, reference.contract);
    if (!why.empty())
      throw usage_error(fmt::format("features of one kind are compared: those of '{}' and '{}' differ: {}",
                                    set.featured.text, reference.text, why));
  };
  for (const QualitySet& set : sets.samples) check_one(set);
  if (sets.held_out) check_one(*sets.held_out);
}

// The samples of a set whose features are at hand or still to be made; none of moments alone.
std::optional<int64_t> samples_at_hand(const QualitySet& set) {
  if (set.samples) return set.samples->count();
  if (set.featured.has_features()) return set.featured.count();
  return std::nullopt;
}

void check_counts(const QualitySets& sets, int64_t blocks) {
  if (samples_at_hand(sets.reference).value_or(2) < 2)
    throw usage_error(fmt::format("'{}' holds 1 sample; a reference takes 2 or more", sets.reference.featured.text));
  if (blocks > 1 && sets.samples.size() > 1)
    throw usage_error(fmt::format("several runs are blocks themselves: --blocks {} splits one", blocks));
  for (const QualitySet& set : sets.samples) {
    const std::optional<int64_t> count = samples_at_hand(set);
    if (!count && blocks > 1)
      throw usage_error(fmt::format("'{}' holds moments alone, which cannot be split", set.featured.text));
    if (count.value_or(2 * blocks) / blocks < 2)
      throw usage_error(fmt::format("'{}' holds {} samples; a block takes 2 or more, {} were asked for",
                                    set.featured.text, *count, blocks));
  }
}

// Files read; sets of samples have their contract and no features yet.
QualitySets read_sets(const GivenSets& given, const std::string& asked, const FeatureOptions& options,
                      const FeatureContract& contract) {
  const auto set_of = [&](const GivenSet& one) {
    if (const SampleSource* samples = samples_of(one))
      return QualitySet{{samples->text(), samples->fingerprint(), contract, {}, {}}, *samples};
    return QualitySet{read_featured(std::get<std::string>(one), asked, options), {}};
  };
  QualitySets sets{.samples = {}, .reference = set_of(given.reference), .held_out = {}, .features = {}};
  for (const GivenSet& one : given.samples) sets.samples.push_back(set_of(one));
  if (given.held_out) sets.held_out = set_of(*given.held_out);
  return sets;
}

// `features` to the sets of samples, in the order of sources_of().
void give_features(QualitySets& sets, const std::vector<Tensor>& features) {
  auto next = features.begin();
  const auto give = [&](QualitySet& set) {
    if (set.samples) set.featured.features = *next++;
  };
  give(sets.reference);
  for (QualitySet& set : sets.samples) give(set);
  if (sets.held_out) give(*sets.held_out);
}

}  // namespace

GivenSet given_set(const std::string& text) {
  if (names_features(text)) return text;
  return open_samples(text);
}

std::string given_text(const GivenSet& given) {
  const SampleSource* samples = samples_of(given);
  return samples != nullptr ? samples->text() : std::get<std::string>(given);
}

std::string usual_features(const GivenSet& reference) {
  if (const SampleSource* samples = samples_of(reference)) {
    int64_t numbers = 1;
    for (const int64_t side : samples->shape()) numbers *= side;
    const bool enough = samples->count() >= kLeastForUsualRank && numbers > kUsualRank;
    return enough ? fmt::format("pca:{}", kUsualRank) : "pixels";
  }
  const FeatureContract contract = read_featured(std::get<std::string>(reference), "", {}).contract;
  if (!contract.known() || !contract.sha256.empty()) return "";
  return contract.name + (contract.quantised ? "" : ",quantise=no");
}

std::string features_for(const GivenSet& reference, const std::string& asked) {
  const std::string features = asked.empty() ? usual_features(reference) : asked;
  if (features.empty())
    throw usage_error(
        fmt::format("'{}' does not say how its features were made; say it: --features", given_text(reference)));
  return features;
}

std::shared_ptr<const DataSource> as_data(const SampleSource& samples) {
  if (samples.data()) return samples.data();
  return std::make_shared<DataSource>(samples.text(), samples.all().to(torch::kFloat32), Tensor(), 0);
}

QualitySets open_sets(const GivenSets& given, int64_t blocks, const std::string& asked, FeatureOptions options,
                      int64_t batch, const PartStore& parts, Comm& comm) {
  const std::vector<SampleSource> sources = sources_of(given);
  check_shapes(sources);
  std::unique_ptr<FeatureExtractor> extractor;
  std::string name;
  if (!sources.empty()) {
    name = features_for(given.reference, asked);
    if (const SampleSource* reference = samples_of(given.reference); reference != nullptr && !options.reference)
      options.reference = as_data(*reference);
    extractor = open_features(name, sources.front().shape(), options);
  }
  QualitySets sets = read_sets(given, asked, options, extractor ? extractor->contract() : FeatureContract{});
  sets.features = name;
  check_contracts(sets);
  check_counts(sets, blocks);
  if (!extractor) return sets;
  const bool network = parse_features(name).kind == FeatureRequest::Kind::kNetwork;
  give_features(sets,
                features_of_all(*extractor, sources, network ? torch::kFloat32 : torch::kFloat64, batch, parts, comm));
  return sets;
}

}  // namespace farfield

#include "analysis/quality/quality_warnings.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace farfield {
namespace {

using Sentences = std::vector<std::string>;

constexpr int64_t kPublishedCount = 50000;
constexpr const char* kInceptionPreset = "inception-2015-12-05";
constexpr double kSameSample = 1e-6;   // d1 / d2 of a sample that is in the reference, but for rounding
constexpr double kLostDigits = 1e-12;  // of the traces: a Fréchet distance that far below 0 has lost digits

void add_few(const QualityRun& run, Sentences& sentences) {
  const Featured& reference = run.sets.reference.featured;
  const int64_t dim = reference.dim();
  const auto few = [&](const std::string& name, int64_t count) {
    if (count > 0 && count <= dim && run.inputs.options.asks_for(Measure::kFrechet))
      sentences.push_back(fmt::format(
          "'{}' has {} samples for {} features: its Fréchet distance is mostly the bias of so few", name, count, dim));
  };
  few(reference.text, reference.count());
  for (const QualityBlock& block : run.blocks) few(block.name, block.count);
}

void add_kinds(const QualityRun& run, Sentences& sentences) {
  const Featured& reference = run.sets.reference.featured;
  const auto unknown = [&](const Featured& featured) {
    if (!featured.contract.known())
      sentences.push_back(
          fmt::format("'{}' does not say how its features were made: whether they are those of the others is not known",
                      featured.text));
  };
  const auto ddof_of = [](const Featured& featured) {
    return featured.known_moments ? featured.known_moments->ddof : 1;
  };
  unknown(reference);
  for (const QualitySet& set : run.sets.samples) {
    unknown(set.featured);
    if (ddof_of(set.featured) != ddof_of(reference))
      sentences.push_back(fmt::format("covariances have other divisors: n - {} in '{}', n - {} in '{}'",
                                      ddof_of(set.featured), set.featured.text, ddof_of(reference), reference.text));
  }
  if (run.sets.held_out) unknown(run.sets.held_out->featured);
}

void add_counts(const QualityRun& run, Sentences& sentences) {
  const Featured& reference = run.sets.reference.featured;
  const auto unknown = [&](const std::string& name) {
    sentences.push_back(fmt::format("'{}' does not say of how many samples it is", name));
  };
  if (reference.count() == 0) unknown(reference.text);
  int64_t least = std::numeric_limits<int64_t>::max(), most = 0;
  for (const QualityBlock& block : run.blocks) {
    if (block.count == 0) {
      unknown(block.name);
      continue;
    }
    least = std::min(least, block.count);
    most = std::max(most, block.count);
    if (reference.contract.name == kInceptionPreset && block.count != kPublishedCount)
      sentences.push_back(
          fmt::format("'{}' has {} samples: published FIDs are of {}", block.name, block.count, kPublishedCount));
  }
  if (least < most)
    sentences.push_back(
        fmt::format("blocks have {} to {} samples: their Fréchet distances have different biases", least, most));
  const int64_t rest = run.sets.samples.front().featured.count() - run.inputs.options.blocks * run.blocks.front().count;
  if (run.inputs.options.blocks > 1 && rest > 0)
    sentences.push_back(fmt::format("the last {} samples are in no block", rest));
}

void add_split(const QualityRun& run, Sentences& sentences) {
  const QualitySet& reference = run.sets.reference;
  if (reference.featured.text.find("split=test") != std::string::npos)
    sentences.push_back("the reference is a test split: published distances are to training data");
  if (!reference.samples)
    sentences.push_back(
        fmt::format("'{}' does not say whether it is of training or of test data", reference.featured.text));
}

void add_held_out(const QualityRun& run, Sentences& sentences) {
  if (!run.held_out) return;
  const auto known = (run.held_out->ratio < kSameSample).sum().item<int64_t>();
  if (known > 0)
    sentences.push_back(fmt::format("{} of {} samples of '{}' are in the reference: they are not held out", known,
                                    run.held_out->ratio.size(0), run.sets.held_out->featured.text));
}

void add_below_zero(const QualityRun& run, Sentences& sentences) {
  for (const QualityBlock& block : run.blocks) {
    if (!block.frechet) continue;
    const FrechetDistance& frechet = *block.frechet;
    if (frechet.below_zero > kLostDigits * (frechet.trace_a + frechet.trace_b))
      sentences.push_back(fmt::format("the Fréchet distance of '{}' is 0: rounding took it {:.2g} below", block.name,
                                      frechet.below_zero));
  }
}

// Of measures that look at features.
void add_left_out(const QualityRun& run, Sentences& sentences) {
  const QualityOptions& options = run.inputs.options;
  const bool more = options.measures.size() > 1 || !run.inputs.options.asks_for(Measure::kFrechet);
  const auto moments_alone = [&](const Featured& featured, const std::string& what) {
    if (!featured.has_features() && more)
      sentences.push_back(fmt::format("'{}' holds moments alone: {}", featured.text, what));
  };
  moments_alone(run.sets.reference.featured,
                "all measures but the Fréchet distance and the samples' Vendi score are left out");
  for (const QualitySet& set : run.sets.samples)
    moments_alone(set.featured, "all measures of it but the Fréchet distance are left out");
  for (const QualityBlock& block : run.blocks) {
    const bool pairs = block.chosen.defined();
    if (pairs && run.inputs.options.asks_for(Measure::kPrecisionRecall) && !block.precision)
      sentences.push_back(fmt::format("precision and recall of '{}' are left out: too few samples for {} neighbours",
                                      block.name, kPrecisionNeighbours));
    if (pairs && run.inputs.options.asks_for(Measure::kDensityCoverage) && !block.density)
      sentences.push_back(fmt::format("density and coverage of '{}' are left out: too few samples for {} neighbours",
                                      block.name, kDensityNeighbours));
    if (block.vendi && std::isnan(*block.vendi))
      sentences.push_back(
          fmt::format("the Vendi score of '{}' is left out: a sample has no feature but 0", block.name));
  }
  if (run.sets.held_out && run.inputs.options.asks_for(Measure::kMemorisation) && !run.held_out)
    sentences.push_back(fmt::format("'{}' is left out: held-out samples need their features and the reference's",
                                    run.sets.held_out->featured.text));
}

void add_drawn(const QualityRun& run, Sentences& sentences) {
  const QualityOptions& options = run.inputs.options;
  const Featured& reference = run.sets.reference.featured;
  int64_t least = reference.count(), most = reference.count();
  for (const QualityBlock& block : run.blocks) {
    if (!block.chosen.defined()) return;
    least = std::min(least, block.count);
    most = std::max(most, block.count);
  }
  if (!reference.has_features()) return;
  if (most > options.most)
    sentences.push_back(
        fmt::format("measures that look at all pairs are of {} samples of a set, drawn at random", options.most));
  if (!options.asks_for(Measure::kKernel)) return;
  if (least == most && least <= options.subset_size)
    sentences.push_back(
        fmt::format("the kernel distance is of all {} samples and has no deviation: subsets of {} "
                    "would all be the same",
                    least, options.subset_size));
  else if (least < options.subset_size)
    sentences.push_back(fmt::format("the subsets of the kernel distance have {} samples, not {}: there are no more",
                                    least, options.subset_size));
}

}  // namespace

Sentences quality_warnings(const QualityRun& run) {
  Sentences sentences;
  add_few(run, sentences);
  add_kinds(run, sentences);
  add_counts(run, sentences);
  add_split(run, sentences);
  add_held_out(run, sentences);
  add_below_zero(run, sentences);
  add_left_out(run, sentences);
  add_drawn(run, sentences);
  return sentences;
}

}  // namespace farfield

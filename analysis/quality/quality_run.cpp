#include "analysis/quality/quality_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/quality/drawn_places.h"
#include "analysis/quality/frechet_interval.h"
#include "analysis/quality/quality_warnings.h"
#include "analysis/quality/vendi.h"
#include "analysis/stats/two_samples.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/shards.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kUsualReplicates = 100, kReplicatesOfWide = 10, kWide = 256;

// What is the same for every block.
class Measuring {
 public:
  explicit Measuring(QualityRun& run) : run_(run), reference_(run.sets.reference.featured.features) {
    const Featured& known = run.sets.reference.featured;
    if (asked(Measure::kFrechet))
      factor_ = reference_.defined() ? frechet_factor(reference_) : frechet_factor(*known.known_moments);
    if (!reference_.defined()) return;
    drawn_reference_ = reference_.index_select(0, drawn_places(reference_.size(0), options().most, options().seed, 0));
  }

  void measure(QualityBlock& block, Progress& progress) const;
  void bound(QualityBlock& block, Progress& progress) const;
  void measure_held_out() const;

 private:
  const QualityOptions& options() const { return run_.inputs.options; }
  bool asked(Measure measure) const { return options().asks_for(measure); }
  Tensor features_of(const QualityBlock& block) const {
    const Tensor& all = run_.sets.samples[block.set].featured.features;
    return all.defined() ? all.narrow(0, block.first, block.count) : Tensor();
  }
  FrechetFactor factor_of(const QualityBlock& block, const Tensor& features) const {
    return features.defined() ? frechet_factor(features)
                              : frechet_factor(*run_.sets.samples[block.set].featured.known_moments);
  }
  void measure_pairs(QualityBlock& block, const Tensor& chosen) const;

  QualityRun& run_;
  Tensor reference_, drawn_reference_;  // undefined: moments alone are known
  FrechetFactor factor_;
};

void Measuring::measure_pairs(QualityBlock& block, const Tensor& chosen) const {
  const int64_t least = std::min(chosen.size(0), drawn_reference_.size(0));
  if (asked(Measure::kPrecisionRecall) && least > kPrecisionNeighbours)
    block.precision = precision_recall(drawn_reference_, chosen, kPrecisionNeighbours, BallBorder::kIn);
  stop_if_interrupted();
  if (asked(Measure::kDensityCoverage) && least > kDensityNeighbours)
    block.density = precision_recall(drawn_reference_, chosen, kDensityNeighbours, BallBorder::kOut);
  stop_if_interrupted();
  if (asked(Measure::kMemorisation)) block.copies = memorisation(reference_, chosen);
  stop_if_interrupted();
}

void Measuring::measure(QualityBlock& block, Progress& progress) const {
  const Tensor features = features_of(block);
  if (asked(Measure::kFrechet)) {
    block.frechet = frechet_distance(factor_of(block, features), factor_);
    if (features.defined() && block.count > 2) block.infinity = frechet_infinity(features, factor_, options().seed);
  }
  progress.advance();
  stop_if_interrupted();
  if (features.defined() && asked(Measure::kVendi)) block.vendi = vendi_score(features);
  if (features.defined() && reference_.defined()) {
    block.chosen = drawn_places(block.count, options().most, options().seed, 1 + static_cast<uint64_t>(block.set));
    const Tensor chosen = features.index_select(0, block.chosen);
    if (asked(Measure::kKernel)) {
      const int64_t size = options().subset_size,
                    subsets = useful_subsets(block.count, reference_.size(0), options().subsets, size);
      block.kernel = kernel_distance_of_subsets(reference_, features, subsets, size, options().seed);
      block.kernel_of_all = kernel_distance(drawn_reference_, chosen);
    }
    stop_if_interrupted();
    if (asked(Measure::kSliced))
      block.sliced = sliced_wasserstein(reference_, features, options().directions, options().seed);
    stop_if_interrupted();
    measure_pairs(block, chosen);
  }
  progress.advance();
}

void Measuring::bound(QualityBlock& block, Progress& progress) const {
  if (!block.frechet || run_.replicates == 0) return;
  const Tensor features = features_of(block);
  if (!features.defined() && !reference_.defined()) return;
  const FrechetSet samples{features, features.defined() ? FrechetFactor{} : factor_of(block, features)};
  block.frechet_interval = frechet_interval(samples, {reference_, factor_}, block.frechet->value, run_.replicates,
                                            options().seed, progress);
}

void Measuring::measure_held_out() const {
  if (reference_.defined() && asked(Measure::kVendi)) run_.reference_vendi = vendi_score(reference_);
  if (!run_.sets.held_out || !reference_.defined() || !asked(Measure::kMemorisation)) return;
  const Tensor& held_out = run_.sets.held_out->featured.features;
  if (!held_out.defined()) return;
  const Tensor places = drawn_places(held_out.size(0), options().most, options().seed, 0x68656c64);
  run_.held_out = memorisation(reference_, held_out.index_select(0, places));
  for (const QualityBlock& block : run_.blocks) {
    if (block.copies) run_.held_out_distances.push_back(kolmogorov_distance(block.copies->d1, run_.held_out->d1));
  }
}

std::vector<QualityBlock> cut_into_blocks(const QualityRun& run) {
  const std::vector<QualitySet>& sets = run.sets.samples;
  const int64_t parts = run.inputs.options.blocks;
  std::vector<QualityBlock> blocks;
  for (size_t set = 0; set < sets.size(); ++set) {
    const Featured& featured = sets[set].featured;
    if (!featured.has_features()) {
      blocks.push_back({.name = featured.text, .set = set, .count = featured.count()});
      continue;
    }
    const int64_t size = featured.count() / parts;
    for (int64_t part = 0; part < parts; ++part)
      blocks.push_back({.name = parts == 1 ? featured.text : fmt::format("part {}", part + 1),
                        .set = set,
                        .first = part * size,
                        .count = size});
  }
  return blocks;
}

void measure_all(QualityRun& run) {
  run.blocks = cut_into_blocks(run);
  const Measuring measuring(run);
  {
    Progress progress("measures", 2 * static_cast<int64_t>(run.blocks.size()), "of them");
    for (QualityBlock& block : run.blocks) measuring.measure(block, progress);
  }
  measuring.measure_held_out();
  Progress progress("interval", run.replicates * static_cast<int64_t>(run.blocks.size()), "replicates");
  for (QualityBlock& block : run.blocks) measuring.bound(block, progress);
}

}  // namespace

QualityRun run_quality(QualityInputs inputs, const PartStore& parts, Comm& comm) {
  if (inputs.given.samples.empty()) throw usage_error("quality: no samples");
  QualityRun run{.inputs = std::move(inputs)};
  const QualityInputs& asked = run.inputs;
  run.sets = open_sets(asked.given, asked.options.blocks, asked.features, asked.feature_options, asked.batch, parts,
                       comm);
  const bool wide = run.sets.reference.featured.dim() > kWide;
  run.replicates = asked.options.bootstrap.value_or(wide ? kReplicatesOfWide : kUsualReplicates);
  do_on_root(comm, [&] {
    try {
      measure_all(run);
    } catch (const Error& error) {
      throw parts.said_with(error);  // the features are kept
    }
    run.warnings = quality_warnings(run);
    for (const std::string& warning : run.warnings) log::warning(warning);
  });
  return run;
}

}  // namespace farfield

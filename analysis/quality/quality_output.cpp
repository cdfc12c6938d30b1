#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/format.h"
#include "analysis/page/report.h"
#include "analysis/quality/quality_figures.h"
#include "analysis/quality/quality_run.h"
#include "analysis/quality/quality_tables.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/run/run_info.h"
#include "core/text.h"

namespace farfield {
namespace {

using torch::Tensor;

Facts quality_facts(const QualityRun& run) {
  Facts facts;
  const auto add_set = [&](const char* role, const QualitySet& set) {
    const int64_t count = set.featured.count();
    facts.emplace_back(
        role, fmt::format("{}, {}", set.featured.text,
                          count > 0 ? fmt::format("{} of them", count) : std::string("nobody says of how many")));
  };
  for (const QualitySet& set : run.sets.samples) add_set("samples", set);
  add_set("reference", run.sets.reference);
  if (run.sets.held_out) add_set("held out", *run.sets.held_out);
  const FeatureContract& contract = run.sets.reference.featured.contract;
  facts.emplace_back("features", contract.known() ? words_of(contract) : "files do not say how they were made");
  if (contract.known())
    facts.emplace_back("quantisation", contract.quantised
                                           ? "images become bytes first: clip(127.5 x + 128, 0, 255), truncated"
                                           : "none");
  return facts;
}

Facts quality_settings(const QualityRun& run, const RunCall& call) {
  const QualityOptions& options = run.inputs.options;
  return {{"Fréchet distance",
           fmt::format("float64, divisor n - 1; interval of {} bootstrap replicates, moved to their value",
                       run.replicates)},
          {"kernel distance", fmt::format("(x.y / d + 1)^3, {} subsets of {}", options.subsets, options.subset_size)},
          {"precision, recall, realism", fmt::format("{} neighbours, borders in", kPrecisionNeighbours)},
          {"density, coverage", fmt::format("{} neighbours, borders out", kDensityNeighbours)},
          {"sliced Wasserstein", fmt::format("{} directions", options.directions)},
          {"all pairs", fmt::format("of at most {} samples of a set", options.most)},
          {"seed", std::to_string(options.seed)},
          {"device", call.device},
          {"time", format_seconds(call.seconds)},
          {"program", version_line()}};
}

// Arrays of every block, by its number: d1_1, realism_1, ...
void write_quality_arrays(const QualityRun& run, const RunFolder& folder) {
  std::map<std::string, Tensor> arrays;
  for (size_t b = 0; b < run.blocks.size(); ++b) {
    const QualityBlock& block = run.blocks[b];
    const auto keep = [&](const char* name, const Tensor& values) {
      arrays.emplace(fmt::format("{}_{}", name, b + 1), values.contiguous());
    };
    if (block.chosen.defined()) keep("sample", block.chosen + block.first);
    if (block.kernel) keep("kid", block.kernel->values);
    if (block.precision) keep("realism", block.precision->realism);
    if (block.sliced) keep("sliced", block.sliced->squares);
    if (block.copies) {
      keep("nearest", block.copies->nearest);
      keep("d1", block.copies->d1);
      keep("d2", block.copies->d2);
      keep("own_gap", block.copies->own_gap);
    }
  }
  if (run.held_out) arrays.emplace("held_out_d1", run.held_out->d1.contiguous());
  if (arrays.empty()) arrays.emplace("blocks", torch::tensor(static_cast<int64_t>(run.blocks.size())));
  write_npz(folder.path("quality.npz"), arrays);
}

void write_quality_files(const QualityRun& run, Report& report, const RunFolder& folder) {
  write_csv(folder.path("quality.csv"), quality_table(run));
  report.file("quality.csv", "every measure of every block");
  const Table samples = quality_samples_table(run);
  if (!samples.rows.empty()) {
    write_csv(folder.path("samples.csv"), samples);
    report.file("samples.csv", "of every sample: the nearest of the reference, how near, realism");
  }
  write_quality_arrays(run, folder);
  report.file("quality.npz", "the same as arrays, by the number of the block");
  if (run.sets.samples.size() == 1) {
    write_feature_moments(folder.path("moments.npz"), run.sets.samples.front().featured.moments());
    report.file("moments.npz", "mean and covariance of the samples' features: mu, sigma");
  }
  write_file_atomically(folder.path("summary.json"), quality_summary(run));
  report.file("summary.json", "the measures by name, and what to mind about them");
}

void add_to_record(const QualityRun& run, const std::string& headline, RunInfo& info) {
  std::vector<std::string> texts, fingerprints;
  for (const QualitySet& set : run.sets.samples) {
    texts.push_back(set.featured.text);
    fingerprints.push_back(set.featured.fingerprint);
  }
  info.add("samples", dump_json(nlohmann::ordered_json(texts)));
  info.add("samples_fingerprints", dump_json(nlohmann::ordered_json(fingerprints)));
  info.add_text("reference", run.sets.reference.featured.text);
  info.add_text("reference_fingerprint", run.sets.reference.featured.fingerprint);
  if (run.sets.held_out) {
    info.add_text("held_out", run.sets.held_out->featured.text);
    info.add_text("held_out_fingerprint", run.sets.held_out->featured.fingerprint);
  }
  info.add("contract", contract_json(run.sets.reference.featured.contract));
  info.add("warnings", dump_json(nlohmann::ordered_json(run.warnings)));
  info.add_text("headline", headline);
}

}  // namespace

std::string save_quality(const QualityRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const std::string headline = quality_headline(run);
  Report report("farfield quality", "Samples against a reference", headline,
                {call.command, quality_facts(run), quality_settings(run, call)});
  write_quality_files(run, report, folder);
  if (!run.warnings.empty()) {
    report.section("What to mind");
    for (const std::string& warning : run.warnings) report.paragraph(warning + ".");
  }
  report.section("Measures");
  report.table(
      quality_page_table(run),
      fmt::format("By {}; no distance here is a published FID but with its network, {} samples and its reference. "
                  "Intervals are 95 %, by bootstrap.",
                  features_word(run), "50,000"));
  add_figures(report, quality_figures(), run, folder);
  report.write(folder.path("report.html"));
  add_to_record(run, headline, info);
  folder.commit(std::move(info));
  return headline;
}

}  // namespace farfield

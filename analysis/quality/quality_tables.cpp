#include "analysis/quality/quality_tables.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/format.h"
#include "analysis/paths/curve.h"
#include "analysis/stats/share_interval.h"
#include "core/io/json.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;
using torch::Tensor;

constexpr size_t kMostBlockColumns = 6;

void add_share(std::vector<QualityNumber>& numbers, const std::string& name, const Tensor& which) {
  const auto hits = which.sum().item<int64_t>(), count = which.size(0);
  const Interval95 interval = share_interval(hits, count);
  numbers.push_back({name, static_cast<double>(hits) / static_cast<double>(count), interval.low, interval.high, count});
}

void add_average(std::vector<QualityNumber>& numbers, const std::string& name, const Tensor& values) {
  const Average average = average_of(values);
  numbers.push_back({name, average.mean, average.low, average.high, average.count});
}

void add_frechet(const QualityBlock& block, std::vector<QualityNumber>& numbers) {
  if (!block.frechet) return;
  QualityNumber fd{"fd", block.frechet->value, {}, {}, block.count};
  if (block.frechet_interval) {
    fd.low = block.frechet_interval->low;
    fd.high = block.frechet_interval->high;
  }
  numbers.push_back(fd);
  numbers.push_back({"fd_mean_term", block.frechet->mean_term, {}, {}, block.count});
  if (block.infinity) numbers.push_back({"fd_infinity", block.infinity->value, {}, {}, block.count});
}

void add_pairs(const QualityBlock& block, std::vector<QualityNumber>& numbers) {
  const int64_t chosen = block.chosen.defined() ? block.chosen.size(0) : 0;
  if (block.kernel) {
    numbers.push_back({"kid", block.kernel->mean, {}, {}, block.count});
    if (block.kernel->values.size(0) > 1)
      numbers.push_back({"kid_deviation", block.kernel->deviation, {}, {}, block.count});
    numbers.push_back({"kid_of_all", block.kernel_of_all, {}, {}, chosen});
  }
  if (block.precision) {
    numbers.push_back({"precision", block.precision->precision, {}, {}, chosen});
    numbers.push_back({"recall", block.precision->recall, {}, {}, chosen});
    numbers.push_back({"f_score", block.precision->f_score, {}, {}, chosen});
  }
  if (block.density) {
    numbers.push_back({"density", block.density->density, {}, {}, chosen});
    numbers.push_back({"coverage", block.density->coverage, {}, {}, chosen});
  }
}

Cell optional_cell(const std::optional<double>& value) {
  if (!value) return std::monostate();
  return *value;
}

std::string measured(const QualityNumber& number) {
  if (!number.low) return format_digits(number.value, 4);
  return fmt::format("{} (95 %: {} to {})", format_measured(number.value, *number.low, *number.high),
                     format_digits(*number.low, 4), format_digits(*number.high, 4));
}

std::string across_words(const QualityAcross& across) {
  if (across.of_block.size() == 1) return measured(across.of_block.front());
  return fmt::format("{} on average over {} blocks, {} at the least", format_digits(across.mean, 4),
                     across.of_block.size(), format_digits(across.least, 4));
}

ordered_json number_json(const QualityNumber& number) {
  ordered_json json = {{"value", number.value}, {"n", number.count}};
  if (number.low) json.update({{"low", *number.low}, {"high", *number.high}});
  return json;
}

ordered_json set_json(const QualitySet& set) {
  return {{"text", set.featured.text},
          {"fingerprint", set.featured.fingerprint},
          {"n", set.featured.count()},
          {"features", set.featured.contract.name}};
}

}  // namespace

std::vector<QualityNumber> numbers_of(const QualityBlock& block) {
  std::vector<QualityNumber> numbers;
  add_frechet(block, numbers);
  add_pairs(block, numbers);
  if (block.copies) {
    add_share(numbers, "memorised", block.copies->ratio < 1.0 / 3);
    add_share(numbers, "authentic", block.copies->d1 > block.copies->own_gap);
    add_average(numbers, "nearest", block.copies->d1);
  }
  if (block.sliced) {
    numbers.push_back({"sliced_wasserstein", block.sliced->mean, {}, {}, block.count});
    numbers.push_back({"mind", block.sliced->mind, {}, {}, block.count});
  }
  if (block.vendi && !std::isnan(*block.vendi)) numbers.push_back({"vendi", *block.vendi, {}, {}, block.count});
  return numbers;
}

std::vector<QualityAcross> across_blocks(const QualityRun& run) {
  std::vector<QualityAcross> all;
  for (const QualityBlock& block : run.blocks) {
    for (const QualityNumber& number : numbers_of(block)) {
      auto found = std::ranges::find(all, number.measure, &QualityAcross::measure);
      if (found == all.end()) found = all.insert(all.end(), {number.measure, {}, 0, number.value});
      found->of_block.push_back(number);
      found->least = std::min(found->least, number.value);
    }
  }
  for (size_t b = 0; b < run.held_out_distances.size(); ++b) {
    if (b == 0) all.push_back({"held_out_distance", {}, 0, run.held_out_distances[0]});
    all.back().of_block.push_back({"held_out_distance", run.held_out_distances[b], {}, {}, run.blocks[b].count});
    all.back().least = std::min(all.back().least, run.held_out_distances[b]);
  }
  for (QualityAcross& across : all) {
    for (const QualityNumber& number : across.of_block)
      across.mean += number.value / static_cast<double>(across.of_block.size());
  }
  return all;
}

Table quality_table(const QualityRun& run) {
  Table table{.columns = {"measure", "block", "value", "low", "high", "n"}, .rows = {}};
  for (const QualityAcross& across : across_blocks(run)) {
    int64_t place = 0, count = 0;
    for (const QualityNumber& number : across.of_block) {
      table.add(
          {across.measure, ++place, number.value, optional_cell(number.low), optional_cell(number.high), number.count});
      count += number.count;
    }
    if (across.of_block.size() < 2) continue;
    table.add({across.measure, "mean", across.mean, std::monostate(), std::monostate(), count});
    table.add({across.measure, "least", across.least, std::monostate(), std::monostate(), count});
  }
  return table;
}

Table quality_page_table(const QualityRun& run) {
  const std::vector<QualityAcross> all = across_blocks(run);
  const size_t blocks = run.blocks.size(), shown = std::min(blocks, kMostBlockColumns);
  Table table{.columns = {"measure", "value", "low", "high", "n"}, .rows = {}};
  if (blocks > 1) {
    table.columns = {"measure", "mean", "least"};
    for (size_t b = 0; b < shown; ++b) table.columns.push_back(fmt::format("block {}", b + 1));
  }
  for (const QualityAcross& across : all) {
    std::vector<Cell> row = {across.measure};
    if (blocks == 1) {
      const QualityNumber& number = across.of_block.front();
      row.insert(row.end(), {number.value, optional_cell(number.low), optional_cell(number.high), number.count});
    } else {
      row.insert(row.end(), {across.mean, across.least});
      for (size_t b = 0; b < std::min(shown, across.of_block.size()); ++b) row.emplace_back(across.of_block[b].value);
      row.resize(table.columns.size());
    }
    table.add(std::move(row));
  }
  return table;
}

Table quality_samples_table(const QualityRun& run) {
  Table table{.columns = {"block", "sample", "seed", "nearest", "d1", "d2", "ratio", "authentic", "realism"},
              .rows = {}};
  for (size_t b = 0; b < run.blocks.size(); ++b) {
    const QualityBlock& block = run.blocks[b];
    if (!block.copies && !block.precision) continue;
    const auto& samples = run.sets.samples[block.set].samples;
    const Tensor seeds = samples ? samples->seeds() : Tensor();
    for (int64_t i = 0; i < block.chosen.size(0); ++i) {
      const int64_t place = block.first + block.chosen[i].item<int64_t>();
      std::vector<Cell> row = {static_cast<int64_t>(b + 1), place};
      row.resize(table.columns.size());
      if (seeds.defined()) row[2] = seeds[place].item<int64_t>();
      if (block.copies) {
        const Memorisation& copies = *block.copies;
        row[3] = copies.nearest[i].item<int64_t>();
        row[4] = copies.d1[i].item<double>();
        row[5] = copies.d2[i].item<double>();
        row[6] = copies.ratio[i].item<double>();
        row[7] = static_cast<int64_t>(copies.d1[i].item<double>() > copies.own_gap[i].item<double>());
      }
      if (block.precision) row[8] = block.precision->realism[i].item<double>();
      table.add(std::move(row));
    }
  }
  return table;
}

Table frechet_infinity_table(const QualityRun& run) {
  Table table{.columns = {"block", "samples", "fd", "fitted"}, .rows = {}};
  for (size_t b = 0; b < run.blocks.size(); ++b) {
    if (!run.blocks[b].infinity) continue;
    const FrechetInfinity& infinity = *run.blocks[b].infinity;
    for (size_t j = 0; j < infinity.sizes.size(); ++j)
      table.add({static_cast<int64_t>(b + 1), infinity.sizes[j], infinity.distances[j],
                 infinity.value + infinity.slope / static_cast<double>(infinity.sizes[j])});
  }
  return table;
}

std::string features_word(const QualityRun& run) {
  const FeatureContract& contract = run.sets.reference.featured.contract;
  return contract.known() ? fmt::format("features '{}'", contract.name) : "features of files that do not name them";
}

std::string quality_headline(const QualityRun& run) {
  static const std::vector<std::pair<std::string, std::string>> words = {
      {"fd", "Fréchet distance"}, {"precision", "precision"},          {"recall", "recall"},
      {"kid", "kernel distance"}, {"memorised", "memorised"},          {"density", "density"},
      {"coverage", "coverage"},   {"mind", "sliced Wasserstein mind"}, {"vendi", "Vendi score"}};
  const std::vector<QualityAcross> all = across_blocks(run);
  std::string text;
  int said = 0;
  for (const auto& [measure, word] : words) {
    const auto found = std::ranges::find(all, measure, &QualityAcross::measure);
    if (found == all.end() || said == 3) continue;
    text += fmt::format("{}{} {}", said++ == 0 ? "" : ", ", word, across_words(*found));
  }
  return fmt::format("In {}: {}.", features_word(run), text.empty() ? "nothing could be measured" : text);
}

std::string quality_summary(const QualityRun& run) {
  ordered_json summary = {{"features", run.sets.reference.featured.contract.name},
                          {"reference", set_json(run.sets.reference)}};
  summary["samples"] = ordered_json::array();
  for (const QualitySet& set : run.sets.samples) summary["samples"].push_back(set_json(set));
  if (run.sets.held_out) summary["held_out"] = set_json(*run.sets.held_out);
  summary["measures"] = ordered_json::object();
  for (const QualityAcross& across : across_blocks(run)) {
    ordered_json& measure = summary["measures"][across.measure];
    measure = {{"mean", across.mean}, {"least", across.least}};
    measure["blocks"] = ordered_json::array();
    for (const QualityNumber& number : across.of_block) measure["blocks"].push_back(number_json(number));
  }
  if (run.reference_vendi) summary["reference_vendi"] = *run.reference_vendi;
  summary["bootstrap"] = run.replicates;
  summary["warnings"] = run.warnings;
  return dump_json(summary, 2) + "\n";
}

}  // namespace farfield

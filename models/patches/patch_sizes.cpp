#include "models/patches/patch_sizes.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/config/config.h"
#include "core/error.h"
#include "core/limits.h"

namespace farfield {
namespace {

constexpr double kLargestSize = 1e6, kWholeImage = 0;  // 0 is no size of a window
constexpr int64_t kPublishedResolution = 32;

const std::vector<double>& published_levels() {
  static const std::vector<double> levels = {80,    57.59, 40.79, 28.37,  19.35,  12.91,   8.401,   5.315,    3.257,
                                             1.923, 1.088, .5853, 0.2964, 0.1395, 0.05995, 0.02293, 0.007528, 0.002};
  return levels;
}

LevelTable published_sizes() {
  return {published_levels(),
          {32, 32, 32, 32, 32, 32, 32, 23, 15, 11, 7, 5, 3, 3, 3, 3, 3, 3},
          LevelTable::Match::kNearestLog};
}

LevelTable published_fractions() {
  return {published_levels(),
          {1, 1, 1, 1, 1, 1, 1, .7, .7, .5, .4, .4, .4, .4, .3, .3, .3, .3},
          LevelTable::Match::kNearestLog};
}

// A table of a file, the resolution that it names (0: none), and the size from which on it means the exact denoiser (0:
// none; -1: that of an image).
struct FileTable {
  LevelTable table;
  int64_t resolution, exact_from;
};

FileTable read_table(const std::string& file, const std::string& column, Range range) {
  const Config config = Config::from_file(file);
  const std::string match = config.choice("match", "nearest-log", {"nearest-log", "nearest"});
  const bool sizes = column == "size";
  const int64_t resolution = sizes ? config.integer("resolution", 0, {0, kLargestSize}) : 0;
  const int64_t exact_from = sizes ? config.integer("exact_from", -1, {-1, kLargestSize}) : -1;
  const auto sigmas = config.numbers("sigma", {}, {limits::kLowestSigma, limits::kHighestSigma});
  const auto values = config.numbers(column, {}, range);
  config.finish();
  if (sigmas.empty() || sigmas.size() != values.size()) {
    throw usage_error(fmt::format("{}: sigma has {} levels and {} has {}; give as many of both, at least one", file,
                                  sigmas.size(), column, values.size()));
  }
  for (const double value : values) {
    if (sizes && value != std::floor(value)) {
      throw usage_error(fmt::format("{}: size {} is not a whole number", file, value));
    }
  }
  return {{sigmas, values, match == "nearest" ? LevelTable::Match::kNearest : LevelTable::Match::kNearestLog},
          resolution,
          exact_from};
}

// To the nearest odd number of at least 3.
double scaled(double size, double ratio) { return std::max(3.0, 2 * std::round((size * ratio - 1) / 2) + 1); }

}  // namespace

LevelTable::LevelTable(std::vector<double> sigmas, std::vector<double> values, Match match)
    : sigmas_(std::move(sigmas)), values_(std::move(values)), match_(match) {
  check(!sigmas_.empty() && sigmas_.size() == values_.size(), "a table has a value for each of its levels");
}

double LevelTable::at(double sigma) const {
  const auto distance = [&](double level) {
    return match_ == Match::kNearest ? std::abs(sigma - level) : std::abs(std::log(sigma) - std::log(level));
  };
  const auto nearest = std::ranges::min_element(sigmas_, {}, distance);
  return values_[static_cast<size_t>(nearest - sigmas_.begin())];
}

PatchSizes::PatchSizes(LevelTable table, std::string words) : table_(std::move(table)), words_(std::move(words)) {}

PatchSizes PatchSizes::fixed(int64_t size) {
  return {LevelTable({1}, {static_cast<double>(size)}, LevelTable::Match::kNearest), std::to_string(size)};
}

PatchSizes PatchSizes::from_table(const std::string& text, const ImageShape& shape) {
  const int64_t side = std::min(shape.height, shape.width);
  const FileTable read = text == "edm32" ? FileTable{published_sizes(), kPublishedResolution, -1}
                                         : read_table(text, "size", {1, kLargestSize});
  const int64_t resolution = read.resolution == 0 ? side : read.resolution;
  const double ratio = static_cast<double>(side) / static_cast<double>(resolution);
  return {read.table.mapped([&](double size) {
    const double own = resolution == side ? size : scaled(size, ratio);
    const bool whole = read.exact_from < 0 ? size >= static_cast<double>(resolution) || own >= static_cast<double>(side)
                                           : read.exact_from > 0 && size >= static_cast<double>(read.exact_from);
    return whole ? kWholeImage : own;
  }),
          text};
}

PatchSizes::Size PatchSizes::at(double sigma) const {
  const double size = table_.at(sigma);
  return {static_cast<int64_t>(size), size == kWholeImage};
}

std::vector<int64_t> PatchSizes::all() const {
  std::vector<int64_t> sizes;
  for (const double value : table_.values()) {
    const auto size = static_cast<int64_t>(value);
    if (value != kWholeImage && std::ranges::find(sizes, size) == sizes.end()) sizes.push_back(size);
  }
  return sizes;
}

LevelTable fraction_table(const std::string& text) {
  if (text == "edm32") return published_fractions();
  return read_table(text, "fraction", {1e-12, 1}).table;
}

}  // namespace farfield

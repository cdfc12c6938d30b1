#include "models/patches/patch_options.h"

#include <fmt/format.h>

#include "core/error.h"

namespace farfield {
namespace {

constexpr int64_t kMostSize = 1'000'000;

}  // namespace

PatchSizes read_sizes(const ReferenceOptions& options, const std::string& key, const ImageShape& shape) {
  const int64_t size = options.integer(key, 0, 1, kMostSize);
  const std::string table = options.text("table", options.has(key) ? "" : "edm32");
  if (options.has(key) && options.has("table")) {
    throw usage_error(fmt::format("{}: give either {}={} or table={}, not both", options.name(), key, size, table));
  }
  return options.has(key) ? PatchSizes::fixed(size) : PatchSizes::from_table(table, shape);
}

LevelTable read_fractions(const ReferenceOptions& options) {
  const double fraction = options.number("fraction", 1, 0, 1);
  const std::string table = options.text("table", options.has("fraction") ? "" : "edm32");
  if (options.has("fraction") && options.has("table")) {
    throw usage_error(
        fmt::format("{}: give either fraction={} or table={}, not both", options.name(), fraction, table));
  }
  return options.has("fraction") ? LevelTable({1}, {fraction}, LevelTable::Match::kNearest) : fraction_table(table);
}

TrainingOptions read_training(const ReferenceOptions& options, bool flips) {
  TrainingOptions training;
  training.flips = options.flag("flips", flips);
  training.per_class = options.choice("per", "", {"", "class"}) == "class";
  return training;
}

WindowShape read_window(const ReferenceOptions& options) {
  return options.choice("window", "box", {"box", "gaussian"}) == "box" ? WindowShape::kBox : WindowShape::kGaussian;
}

void check_odd(const std::string& kind, int64_t k) {
  if (k % 2 == 1) return;
  throw usage_error(
      fmt::format("{}: k is {}, but a window around a pixel has an odd side: {} or {}", kind, k, k - 1, k + 1));
}

void check_on_circle(const std::string& kind, int64_t k, const ImageShape& shape) {
  const int64_t side = std::min(shape.height, shape.width);
  if (k <= side) return;
  throw usage_error(
      fmt::format("{}: k is {}, but a window that wraps must not meet itself: at most {} for images of {} x {}", kind,
                  k, side - 1 + side % 2, shape.height, shape.width));
}

}  // namespace farfield

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/patches/training_images.h"

namespace farfield {

// A number a noise level: of the level nearest to the one that is asked for.
class LevelTable {
 public:
  enum class Match { kNearest, kNearestLog };  // |sigma - level|; |ln sigma - ln level|
  LevelTable(std::vector<double> sigmas, std::vector<double> values, Match match);
  double at(double sigma) const;
  const std::vector<double>& values() const { return values_; }
  // The same levels with map(value) for each value.
  template <class Map>
  LevelTable mapped(const Map& map) const {
    LevelTable result = *this;
    for (double& value : result.values_) value = map(value);
    return result;
  }

 private:
  std::vector<double> sigmas_, values_;
  Match match_;
};

// The patch size k(sigma), or for masks the fraction of a heat map that they hold.
//
// A table file is YAML (docs/formats.md):
//   match: nearest-log            # or nearest
//   resolution: 32                # of the images that the sizes are for; left out: of whatever images
//   exact_from: 32                # sizes from here on mean the exact denoiser; left out: min(H, W); 0: none
//   sigma: [80, 57.59, ...]
//   size: [32, 32, ...]           # of a table of sizes
//   fraction: [1, 1, ...]         # of a table of fractions
// `edm32` is the published one for 32 x 32 images: 18 levels of EDM's schedule, sizes and fractions.
class PatchSizes {
 public:
  static PatchSizes fixed(int64_t size);
  // `text`: edm32 or a file. Sizes for images of `resolution` R are scaled to those of `shape` by min(H, W) / R and
  // rounded to an odd number >= 3.
  static PatchSizes from_table(const std::string& text, const ImageShape& shape);

  // The size at a level. `whole`: a table says that it is as large as the image, where the denoiser is the exact one.
  struct Size {
    int64_t size;
    bool whole;
  };
  Size at(double sigma) const;
  std::vector<int64_t> all() const;                    // every size that is not whole, for checks
  const std::string& words() const { return words_; }  // "k = 7" without its letter: "7", "edm32", "table.yaml"

 private:
  PatchSizes(LevelTable table, std::string words);
  LevelTable table_;  // 0: the whole image
  std::string words_;
};

// Fractions in (0, 1]: the `fraction` column of edm32 or a file.
LevelTable fraction_table(const std::string& text);

}  // namespace farfield

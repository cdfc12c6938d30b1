#pragma once

#include <cstdint>
#include <vector>

#include "analysis/geometry/chord_measure.h"
#include "analysis/geometry/column_sums.h"
#include "analysis/geometry/tile.h"

namespace farfield {

// Principal components of a trajectory on the orthogonal complement of its chord ("On the Trajectory Regularity of ODE-based
// Diffusion Sampling", figures 3 and 4): of w_n = (z_n - z_end) - along_n c less their mean over n, all levels alike, through
// the L x L matrix of their products. In two passes over the columns, after those of the chord.
class ComplementMeasure {
 public:
  static constexpr int64_t kComponents = 5;

  // centred: the mean is taken off, as in any PCA; otherwise w as it is.
  ComplementMeasure(int64_t levels, bool centred);

  void first_pass(const Tile& states, const ChordMeasure& chord);  // the chord settled
  void settle(const ChordMeasure& chord);
  void second_pass(const Tile& states, const ChordMeasure& chord);
  void finish(const ChordMeasure& chord);  // finished

  // [kComponents] of sum w w^T / (L - 1), and the share of their total that the first k + 1 of them hold: NaN where w is
  // nothing but rounding.
  std::vector<double> eigenvalues, explained;
  // [kComponents][L]: |x_n - its reconstruction| from the chord alone (the deviation), and with the first 1 ... 4 components.
  std::vector<double> errors;
  // [L] each: <w_n, component>, the first two; 0 for a component that is not there.
  std::vector<double> across_1, across_2;

 private:
  void set_complement(const Tile& states, const ChordMeasure& chord);  // complement_ := w of the tile, centred if so

  int64_t levels_;
  bool centred_;
  Tile complement_, directions_;          // w; sums of v_n w_n, a row a component
  std::vector<double> products_;          // [padded L][padded L]: the lower triangle
  std::vector<double> weights_;           // v [kComponents][L]; zeros where there is no component
  std::vector<LaneSum> rests_, lengths_;  // [L][kComponents - 1], [kComponents - 1]
};

}  // namespace farfield

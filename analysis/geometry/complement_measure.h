#pragma once

#include <cstdint>
#include <vector>

#include "analysis/geometry/chord_measure.h"
#include "analysis/geometry/column_sums.h"
#include "analysis/geometry/tile.h"

namespace farfield {

// Principal components of a trajectory on the orthogonal complement of its chord ("On the Trajectory Regularity of
// ODE-based Diffusion Sampling", figures 3 and 4): of w_n = (z_n - z_end) - along_n c less their mean over n, all
// levels alike, through the L x L matrix of their products.
class ComplementMeasure {
 public:
  static constexpr int64_t kComponents = 5;

  // centred: the mean is taken off, as in any PCA; otherwise w as it is.
  ComplementMeasure(int64_t levels, bool centred);

  void add(const Tile& states, const ChordMeasure& chord);         // all columns; the chord begun
  void settle(const ChordMeasure& chord);                          // finished
  void add_errors(const Tile& states, const ChordMeasure& chord);  // all columns again
  void finish(const ChordMeasure& chord);

  // [kComponents] of sum w w^T / (L - 1), and the share of their total that the first k + 1 of them hold: NaN where w
  // is nothing but rounding.
  std::vector<double> eigenvalues, explained;
  // [kComponents][L]: |x_n - its reconstruction| from the chord alone (the deviation), and with the first 1 ... 4
  // components.
  std::vector<double> errors;
  // [L] each: <w_n, component>, the first two; 0 for a component that is not there.
  std::vector<double> across_1, across_2;
  // [kComponents - 1][L]: v_k, what the k-th component takes of every w_n; zeros where there is none.
  std::vector<double> component_weights() const { return {weights_.begin() + levels_, weights_.end()}; }

 private:
  void set_complement(const Tile& states, const std::vector<double>& along);
  std::vector<double> product_matrix(const ChordMeasure& chord) const;  // [L][L]

  int64_t levels_;
  bool centred_;
  Tile complement_;                       // w of the tile at all levels but the ends, where it is 0
  Tile directions_;                       // the mean of w; the sums of v_n w_n, a row a component
  std::vector<double> products_;          // [padded L - 2][padded L - 2]: the lower triangle
  std::vector<double> weights_;           // [kComponents][L]: of the mean; v, zeros where there is no component
  std::vector<LaneSum> rests_, lengths_;  // [L][kComponents - 1], [kComponents - 1]
};

}  // namespace farfield

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/compare/comparison.h"
#include "analysis/field/plane.h"
#include "core/comm.h"
#include "core/data/source.h"

namespace farfield {

// The columns of a field: components of the score along e1 and e2, norm of its part in the plane, its norm, norm of its part
// outside the plane.
enum FieldColumn { kAlong1, kAlong2, kInPlane, kNorm, kOutOfPlane, kFieldColumns };

// Who has a row: models (or snapshots of a run), then references.
struct FieldRow {
  std::string name;
  std::function<Subject()> open;
};

struct FieldInputs {
  std::vector<FieldRow> rows;
  std::shared_ptr<const DataSource> data;     // of the box where it is in a plane; may be null otherwise
  std::shared_ptr<const DataSource> anchors;  // whose samples the anchors are
  std::string of;                             // model or run as it was named, for the record
};

struct FieldOptions {
  std::vector<int64_t> anchors = {0, 1, 2};  // places of three samples; of data of two numbers any number of them
  std::vector<double> sigmas;                // rising; empty: default_field_sigmas() within the range of all
  int64_t grid = 25;                         // points along a side, from 2
  int64_t batch = 64;                        // points at a time; changes results by rounding alone
  std::optional<int64_t> label = {};
  torch::Device device = torch::kCPU;

  void validate() const;  // usage_error naming option, value and constraint
};

const std::vector<double>& default_field_sigmas();  // 0.1, 0.2, 0.5, 1, 2, 5

struct FieldRun {
  FieldInputs inputs;
  FieldOptions options;
  ScorePlane plane;
  std::vector<std::string> names, kinds;  // of the rows, R
  torch::Tensor field;        // [R, S, grid, grid, kFieldColumns] float64; rows of the grid are q, columns p
  torch::Tensor log_density;  // [R, S, grid, grid] nats; NaN where a row has none
  // In the plane of data of two numbers, of rows that are mixtures: which component a point comes from, [S, grid, grid, K]
  // (models/analytic/component_posterior.h); undefined for the others. R.
  std::vector<torch::Tensor> components;
};

// The score s = (D - x) / sigma^2 of a subject at places [m, 2] of a plane, [m, kFieldColumns]. Samples have `shape`.
torch::Tensor plane_field(const Subject& subject, const ScorePlane& plane, const std::vector<int64_t>& shape,
                          const torch::Tensor& places, double sigma, const FieldOptions& options);

// What `farfield field` and Python's field() compute. usage_error for anchors that are not there or on one line, samples of one
// number, and levels outside a range. Ranks share the rows' levels.
FieldRun run_field(FieldInputs inputs, FieldOptions options, Comm& comm = alone());

}  // namespace farfield

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/compare/comparison.h"
#include "core/data/source.h"
#include "models/denoiser.h"

namespace farfield {

// Points x = y + sigma n of a data set at some noise levels together with what references say there, so that looking at a
// network again and again costs one evaluation of it a point. Memory: (1 + references) x levels x probes samples.
class FixedProbes {
 public:
  // Evaluates the references, without class labels. `options.seed` chooses the same points as compare() would.
  FixedProbes(const std::vector<Subject>& references, std::shared_ptr<const DataSource> data,
              const CompareOptions& options);

  struct Row {
    std::string reference;
    double sigma;
    double explained;  // 1 - sum |s_model - s_ref|^2 / sum |s_model|^2, as comparison.csv has it
  };
  // In the order reference, sigma; without class labels. kInterrupted on a signal.
  std::vector<Row> explained(const Denoiser& model) const;

 private:
  struct Level {
    double sigma;
    torch::Tensor x;                        // [n, ...shape] float32
    std::vector<torch::Tensor> references;  // of each reference: D(x; sigma), as x
  };
  std::vector<std::string> names_;
  std::vector<Level> levels_;
  int64_t batch_;
};

}  // namespace farfield

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/symmetry/continuation.h"
#include "analysis/symmetry/pair.h"
#include "core/math/gaussian_stats.h"
#include "models/denoiser.h"

namespace farfield {

// Whose symmetry breaks. Without a model: data at -a and +a on a line, whose closed form is drawn beside what is measured.
struct SymmetryInputs {
  std::shared_ptr<const Denoiser> model = {};
  std::string model_text = {};
  std::optional<GaussianStats> gaussian =
      {};  // of the data: its prediction, and where the eigenvector is looked for first
  std::string gaussian_text = {};
};

struct SymmetryOptions {
  double pair = 1;                       // a, without a model
  std::optional<double> sigma_max = {};  // first level: 10 a; of a model 80, or its highest
  std::optional<double> sigma_min = {};  // last level: a / 10; of a model 0.05, or its lowest
  int64_t levels = 48;                   // uniform in ln sigma
  std::vector<double> potentials = {};   // levels of the potentials; empty: four around the critical one
  std::optional<int64_t> label = {};     // the class asked for; without one a model with labels is asked for none
  torch::Device device = torch::kCPU;

  void validate() const;  // usage_error naming option, value and constraint
};

struct SymmetryRun {
  SymmetryInputs inputs;  // with the model of the pair
  SymmetryOptions options;
  std::optional<Pair> pair;
  Continuation path;
  std::vector<PotentialCurve> potentials;
};

// What `farfield symmetry` and Python's symmetry() compute. usage_error for levels out of the model's range, a class it does
// not have, and a Gaussian of another size; numeric_error when no fixed point is found at the first level.
SymmetryRun run_symmetry(SymmetryInputs inputs, SymmetryOptions options);

// The place in the path where the centre's largest eigenvalue is largest: where symmetry breaks softly, if it does not break.
size_t softest_place(const Continuation& path);

// Places before the critical level at which the eigenvalue is largest locally, though below 0: decisions that data without a symmetry
// make without breaking one.
std::vector<size_t> soft_places(const Continuation& path);

// Of a Gaussian whose largest eigenvalue is l the centre is unstable below sigma^2 = l - 2 (nothing for l <= 2); of two points with
// this variance below sigma^2 = l - 1 + sqrt(l^2 + 1). The largest eigenvalue of the Gaussian's drift: 1/2 - (1 + sigma^2) / (l + sigma^2).
std::optional<double> gaussian_critical_sigma(double eigenvalue);
double gaussian_sde_eigenvalue(double eigenvalue, double sigma);

// The time of the process of beta_d = 19.9, beta_min = 0.1 at a noise level.
double vp_time_of(double sigma);

}  // namespace farfield

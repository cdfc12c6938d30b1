#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/compare/references.h"
#include "analysis/likelihood/dequantise.h"
#include "analysis/likelihood/divergence.h"
#include "analysis/likelihood/likelihood_flow.h"
#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "core/data/source.h"

namespace farfield {

// Whose likelihood of what, opened.
struct LikelihoodInputs {
  Subject model;
  std::string model_text;                     // the model as it was named, for the record
  std::shared_ptr<const DataSource> data;     // whose samples are measured, and whose moments are a prior
  std::shared_ptr<const DataSource> against;  // others, beside them; may be null
  std::vector<Subject> references;            // densities in closed form to stand beside the model's
  std::optional<GaussianStats> moments = {};  // of `data`
};

struct LikelihoodOptions {
  FlowRange range;
  TraceOptions trace;
  FlowSolver solver;
  DequantiseOptions dequantise;
  int64_t count = 64;                  // samples: the first so many of either data, or all
  int64_t batch = 64;                  // states evaluated at a time; changes results by rounding alone
  uint64_t seed = 0;                   // of probes and dequantisation
  std::optional<int64_t> label;        // the class that the model is asked for; choose_class()
  torch::Device device = torch::kCPU;  // of the model
};

// What the command line and Python say of them; read_likelihood_options() fills the rest in from model and data.
struct LikelihoodRequest {
  std::string solver = "dopri5", trace = "auto", dequantise = "auto";
  std::optional<double> sigma_min, sigma_max;  // 0.002 and 80, or the model's own
};
// usage_error naming option, value and constraint.
LikelihoodOptions read_likelihood_options(const LikelihoodRequest& request, const Denoiser& model,
                                          const DataInfo& data);

inline constexpr const char* kLikelihoodReferences =
    "gaussian,delta";  // that stand beside a model unless others are named

// usage_error for what does not fit: data of another shape than the model's, a reference without a density, an expansion.
void check_likelihood(const LikelihoodInputs& inputs, const LikelihoodOptions& options);

// What a log-likelihood adds to the integral L, log p(x; sigma_max):
//   gaussian   N(x; 0, sigma_max^2 I), as published
//   moments    N(x; mean, covariance + sigma_max^2 I) of the data
//   model      the model's own density, of analytic denoisers
inline constexpr const char* kLikelihoodPriors[] = {"gaussian", "moments", "model"};

// Of n samples, those of `data` first, K draws each, R references. float64; NaN where there is none.
struct LikelihoodRun {
  LikelihoodInputs inputs;
  LikelihoodOptions options;
  int64_t own = 0;               // samples of `data`; the others are of `against`
  torch::Tensor integral;        // [n, K] L: of tr(I - dD/dx) over ln sigma, nats
  torch::Tensor integral_error;  // [n, K] its standard error over probes: 0 of exact traces, NaN of a single probe
  torch::Tensor log_prior;       // [n, K, 3]
  torch::Tensor log_density;     // [n, K] log p(x; sigma_min) of the model, of analytic denoisers
  torch::Tensor references;      // [n, K, R] the same of every reference; undefined without any
  torch::Tensor evaluations;     // [n, K] int64, of D with its divergence
  torch::Tensor growth;          // [n, intervals] of L over ln sigma, mean over draws

  int64_t dimensions() const { return c10::multiply_integers(inputs.data->info().shape); }
  double byte_scale() const { return inputs.data->info().eight_bit ? kByteScale : 1; }
};

// log p(x; sigma_min) = log p(x_T; sigma_max) + L along the probability-flow ODE from x at sigma_min (Song et al. 2021, eq. 39).
// What `farfield likelihood` and Python's likelihood() compute. Sample i depends on seed, its data set and its place there alone.
// `parts` keeps finished batches; ranks share them. usage_error as above, for data of another shape, references without a
// density, expansions. A warning for bytes that are not dequantised.
LikelihoodRun run_likelihood(LikelihoodInputs inputs, LikelihoodOptions options, const PartStore& parts = {},
                             Comm& comm = alone());

}  // namespace farfield

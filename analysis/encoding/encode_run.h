#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/data/source.h"
#include "core/io/rows.h"
#include "core/math/gaussian_stats.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"
#include "samplers/sampler.h"

namespace farfield {

// What is encoded, by whom, and what its latents are held against.
struct EncodeInputs {
  std::shared_ptr<const Denoiser> model;
  std::shared_ptr<const DataSource> data;
  std::shared_ptr<const Denoiser> against = {};         // another model, the same data, levels and solver; may be null
  std::optional<GaussianStats> gaussian = {};           // its closed form, from the last level to the first
  std::string model_text, against_text, gaussian_text;  // as they were named, for the record
  std::string solver = "heun";                          // as make_solver() takes it
};

struct EncodeOptions {
  std::vector<double> levels;         // falling, the last above 0: where the data are taken to be
  std::optional<int64_t> label = {};  // the class of all data; else each has its own
  int64_t batch = 64;                 // samples at a time; does not change them
  torch::Device device = torch::kCPU;
};

// The latents of the same data in another way ("uniquely identifiable encoding": "A Geometric Perspective", section 4), and
// how far they are from the model's.
struct OtherEncoding {
  std::string role, name, kind;  // role: "against" or "gaussian"; name: of files without folders; kind: for the charts
  torch::Tensor latents;         // [N, ...shape] float64
  torch::Tensor rms;             // [N] float64: root mean square over a sample's numbers of the difference
  torch::Tensor cosine;          // [N] float64; NaN where a latent is zero
};

// All on the CPU, in the order of the data.
struct EncodeRun {
  EncodeInputs inputs;
  EncodeOptions options;
  torch::Tensor clean, classes;  // [N, ...shape] float64; [N] int64, undefined for a model without labels
  torch::Tensor latents;         // [N, ...shape] float64: x(sigma_0) / sigma_0
  int64_t nfe = 0;               // evaluations of one sample on the way up, counted; of the slowest batch
  double seconds = 0;
  Samples back;  // the way back down
  std::vector<OtherEncoding> others;
};

// What `farfield encode` and Python's encode() compute. usage_error for data of another shape, labels that a model wants
// and the data have not, a Gaussian of another size, and as check_encodes() and SampleRequest::validate(); the order of the
// samples and their values do not depend on the batch.
EncodeRun run_encode(EncodeInputs inputs, EncodeOptions options);

double round_trip_rms(const EncodeRun& run);  // over all numbers
// run.json's `result`: samples, nfe_per_sample, seconds, back_nfe_per_sample, back_seconds, rms_error, max_error, and for each
// of the others (by its role) its name and the means over samples of rms and cosine with 95 % intervals.
std::string encode_result_json(const EncodeRun& run);
// encodings.csv: sample, label, and rms_ROLE, cosine_ROLE of each of the others.
Table encoding_table(const EncodeRun& run);

// Writes latents.npz and, where there are others, encodings.csv and report.html, and commits the folder. `info`: begun by
// the caller, with the inputs of the call.
void save_encode(const EncodeRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield

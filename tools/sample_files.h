#pragma once

#include <map>
#include <string>

#include "analysis/sampling/sample_arrays.h"
#include "analysis/sampling/sharded_sampling.h"
#include "core/run/run_folder.h"
#include "samplers/sampler.h"

namespace farfield::tools {

// The request as a JSON object: the levels asked for and those run, churn, class, teleport, batch, the state's kind.
std::string request_json(const SampleRequest& request);
// What came of it: samples, counted evaluations a sample, seconds.
std::string result_json(const Samples& samples);
std::string result_json(const ShardedSamples& samples);
// What a command prints with --json: the same, and where the run lies.
std::string summary_json(const std::string& result, const std::string& out);

constexpr int64_t kShownSamples = 256;

// samples.npz of `samples`, and a look at them: samples.png, a grid of the first kShownSamples with `settings` in the PNG's
// text, for images; samples.csv for points [d]; docs/formats.md has the arrays and columns.
void write_samples(const RunFolder& folder, const Samples& samples, const std::map<std::string, std::string>& settings);
// The look alone.
void write_look(const RunFolder& folder, const Samples& samples, const std::map<std::string, std::string>& settings);

}  // namespace farfield::tools

#pragma once

#include <map>
#include <string>

#include "core/run/run_folder.h"
#include "samplers/sampler.h"

namespace farfield::tools {

// True for [C,H,W] of 1 or 3 channels: what can be shown as a picture.
bool is_image(torch::IntArrayRef sample_shape);

// The request as a JSON object: the levels asked for and those run, churn, class, teleport, batch, the state's kind.
std::string request_json(const SampleRequest& request);
// What came of it: samples, counted evaluations a sample, seconds.
std::string result_json(const Samples& samples);
// What a command prints with --json: the same, and where the run lies.
std::string summary_json(const Samples& samples, const std::string& out);

// samples.npz of `samples`, and a look at them: samples.png, a grid of the first 256 with `settings` in the PNG's text,
// for images; samples.csv for points [d]; docs/formats.md has the arrays and columns.
void write_samples(const RunFolder& folder, const Samples& samples, const std::map<std::string, std::string>& settings);

}  // namespace farfield::tools

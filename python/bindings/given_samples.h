#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <torch/types.h>

#include "analysis/features/sample_source.h"
#include "core/data/source.h"

namespace farfield::python {

// Samples as Python hands them over: a text, data, or an array [n, ...shape].
using GivenSamples = std::variant<std::string, std::shared_ptr<const DataSource>, torch::Tensor>;

// The text as it is, the others as samples. usage_error for an array that holds none.
std::variant<std::string, SampleSource> samples_given(const GivenSamples& samples);
// Adds the text, if it is one, to what a call reads.
void add_named(const GivenSamples& samples, std::vector<std::string>& read);

}  // namespace farfield::python

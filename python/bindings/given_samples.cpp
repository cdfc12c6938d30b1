#include "given_samples.h"

#include "core/error.h"

namespace farfield::python {

std::variant<std::string, SampleSource> samples_given(const GivenSamples& samples) {
  if (const auto* text = std::get_if<std::string>(&samples)) return *text;
  if (const auto* data = std::get_if<std::shared_ptr<const DataSource>>(&samples)) return SampleSource(*data);
  const auto& array = std::get<torch::Tensor>(samples);
  if (!array.is_floating_point() || array.dim() < 2 || array.size(0) < 1)
    throw usage_error("samples: expected at least one, floating point [n, ...shape] in the model's values");
  return SampleSource("an array", array);
}

void add_named(const GivenSamples& samples, std::vector<std::string>& read) {
  if (const auto* text = std::get_if<std::string>(&samples)) read.push_back(*text);
}

}  // namespace farfield::python

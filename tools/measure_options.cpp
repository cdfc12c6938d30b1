#include "tools/measure_options.h"

#include <nlohmann/json.hpp>

#include "core/data/source.h"
#include "tools/feature_options.h"

namespace farfield::tools {

void add_measure_options(CLI::App& command, SetMeasureRequest& measure, std::string& data) {
  command.add_option(
      "--measure", measure.measures,
      "with --data: also measure the ends of every run against data, by some of fd (Frechet distance), kid, "
      "precision, recall, density, coverage, sliced_wasserstein, memorised: fd,kid");
  command.add_option("--data", data,
                     "what --measure holds the ends against: SRC, a run, or an .npz of features or of mu and sigma\n" +
                         data_source_help());
  command.add_option("--features", measure.features, "in which (default: as of quality)\n" + features_help());
}

std::optional<GivenSet> data_of_measure(const std::string& data) {
  if (data.empty()) return std::nullopt;
  return given_set(data);
}

nlohmann::ordered_json key_of_measure(const SetMeasureRequest& measure) {
  nlohmann::ordered_json key = {{"network_sha256", features_sha256(measure.features)}};
  const SampleSource* data = measure.data ? std::get_if<SampleSource>(&*measure.data) : nullptr;
  if (data != nullptr) key["data_fingerprint"] = data->fingerprint();
  return key;
}

}  // namespace farfield::tools

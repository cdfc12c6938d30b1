#include "tools/feature_options.h"

#include "analysis/features/feature_request.h"
#include "core/io/file.h"

namespace farfield::tools {

std::filesystem::path feature_network(const std::string& features) {
  return features.empty() ? std::filesystem::path() : parse_features(features).network;
}

std::string features_sha256(const std::string& features) {
  const std::filesystem::path network = feature_network(features);
  return network.empty() ? "" : sha256_file(network);
}

void add_network(RunInfo& info, const std::string& features) {
  if (features.empty()) return;
  const FeatureRequest request = parse_features(features);
  if (!request.network.empty()) info.add_input("network", request.network);
  if (!request.contract.empty()) info.add_input("contract", request.contract);
}

}  // namespace farfield::tools

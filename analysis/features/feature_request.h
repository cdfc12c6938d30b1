#pragma once

#include <filesystem>
#include <string>

#include "analysis/features/feature_contract.h"

namespace farfield {

// FEATURES, taken apart: what features.h lists.
struct FeatureRequest {
  enum class Kind { kPixels, kBlocks, kPrincipal, kRandom, kNetwork };
  Kind kind = Kind::kPixels;
  std::string name;  // pixels, pixels-8x8, pca:R, random-conv, the network's preset or the stem of its file
  bool quantise = true;
  int64_t rank = 0;  // kPrincipal

  std::filesystem::path network;   // kNetwork
  std::filesystem::path contract;  // the YAML beside it; empty: a preset alone
  std::string preset, sha256;
  double time_limit = 30;  // seconds for loading it and its first evaluation; 0: none
};

// usage_error for an unknown form or option, a preset without a network, a network that nothing is said of.
FeatureRequest parse_features(const std::string& text);

// What is said of a network.
struct NetworkForm {
  FeatureContract contract;
  bool normalise = true;          // of perceptual distances: maps are brought to length 1 over their channels
  std::filesystem::path weights;  // an .npz with an array [C_l] a map, "0", "1", ...; empty: all 1
};
// By its preset and its YAML, whose keys stand for those of FeatureContract and for these:
//   preset, dtype: uint8|float, range: [LOW, HIGH], channels: 1|3, resize: none|bicubic, size, rounding: bytes|none, mean: [..],
//   std: [..], arguments: NAME[,NAME], output: NAME|PLACE, dim, quantised: true|false, normalise: true|false, weights: FILE.npz
// usage_error with file and line for another key or value, or values that do not go together.
NetworkForm network_form(const FeatureRequest& request);

}  // namespace farfield

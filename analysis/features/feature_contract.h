#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace farfield {

// How images become features: what is done to them, by what, and what comes out. Everything that decides the numbers; it
// travels with features and their moments, and two that differ in it are never compared.
struct FeatureContract {
  std::string name;    // pixels, pixels-8x8, pca:R, random-conv, a preset, or that of a network's file; "": not known
  std::string sha256;  // of what is no formula: a network's file, the basis of pca; else ""
  int64_t dim = 0;     // d, of the features

  bool quantised = true;               // images become bytes by clip(127.5 x + 128, 0, 255), truncated, first (EDM)
  std::string dtype = "float";         // of what the network is given: uint8 (0 ... 255) or float
  double low = -1, high = 1;           // of float input: what bytes 0 and 255 become, before mean and std
  int64_t channels = 0;                // that the network takes, grey is repeated to 3; 0: those of the images
  std::string resize = "none";         // bicubic (pil_resize.h), or none: the network does its own, if any
  int64_t size = 0;                    // pixels a side, of bicubic
  std::string rounding;                // of bicubic: "bytes" (rounded) or "none" (clipped alone)
  std::vector<double> mean, std;       // one a channel, or none: input becomes (input - mean) / std
  std::vector<std::string> arguments;  // of the network that are set to true: return_features
  std::string output;                  // its name or place, where the network returns several; "": the only one

  bool known() const { return !name.empty(); }  // not so in files of EDM and others, which say nothing
  bool operator==(const FeatureContract&) const = default;
};

// What the first difference is, "'pixels' against 'pca:64'"; "" where the two agree, or one of them is not known and the
// dimensions are the same.
std::string difference(const FeatureContract& a, const FeatureContract& b);
// In a few words, for pages and records: "inception-2015-12-05: 2048 numbers, uint8 RGB".
std::string words_of(const FeatureContract& contract);

std::string resize_words(const FeatureContract& contract);  // "bicubic (a = -0.5, antialiased) to 299 pixels, rounded"

// As JSON, and back: bad_file(`where`) for what is no contract.
std::string contract_json(const FeatureContract& contract);
FeatureContract parse_contract(const std::string& json, const std::string& where);

}  // namespace farfield

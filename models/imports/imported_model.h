#pragma once

#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "models/denoiser.h"

namespace farfield {

// What a TorchScript file or .pt2 package does not say about itself; given after commas in MODEL.
struct ImportOptions {
  // convention=raw: the module is F(c_in x, c_noise[, labels]), x [B,...] and c_noise [B]; `precond` is applied here.
  // convention=denoiser: it is D(x, sigma[, labels]) itself, sigma [B]. No default.
  std::string convention;
  std::vector<int64_t> shape;   // shape=3x32x32: one sample's; no default
  int64_t label_dim = 0;        // labels=K: it takes a third argument [B,K], zeros where no label is asked for
  std::string precond = "edm";  // precond=...: raw only
  double sigma_data = 0.5;      // sigma_data=...: > 0
  double sigma_min = 0;         // sigma_min=..., sigma_max=...: the range it is defined on
  double sigma_max = std::numeric_limits<double>::infinity();
  std::string sha256;      // sha256=HEX: consent for exactly these bytes
  double time_limit = 30;  // time_limit=SECONDS: for loading it and its first evaluation, tried first; 0: none

  // "key=value" words; usage_error for unknown keys, bad values and what is missing. `file` is named in messages.
  static ImportOptions parse(const std::vector<std::string>& words, const std::string& file);
};

// The module is called with float32 tensors; D has x's dtype. Both refuse to open without consent (Error(kTrust),
// models/imports/trusted_file.h); bad_file when the file is damaged, crashes or holds up a trial process in which it is
// loaded and evaluated once first, or when the module fails or its result is no dense, finite tensor of the right shape.
// TorchScript runs without its profiling executor on the CPU, which would recompile for every batch size.
std::unique_ptr<Denoiser> open_torchscript(const std::filesystem::path& path, const ImportOptions& options, bool trust,
                                           torch::Device device);
// AOTInductor packages hold compiled code for one kind of machine and device.
std::unique_ptr<Denoiser> open_package(const std::filesystem::path& path, const ImportOptions& options, bool trust,
                                       torch::Device device);

}  // namespace farfield

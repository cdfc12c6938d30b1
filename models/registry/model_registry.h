#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/device.h"
#include "models/denoiser.h"

namespace farfield {

class Comm;
class DataSource;

struct ModelOptions {
  std::string device = "auto";  // see core/device.h
  std::string precision = "auto";
  bool trust = false;  // load formats that run code (TorchScript, .pt2)
  // Of the kinds that are fitted to data:
  std::shared_ptr<const DataSource> data = {};  // what a kind without SRC is fitted to
  uint64_t seed = 0;                            // of such a fit: k-means. With SRC it is 0
  Comm* comm = nullptr;  // the ranks that share any fit, each of which has the result; nullptr: alone
};

// Opens MODEL, the one text form of every command (models/registry/model_form.h):
//   FILE.safetensors           a native network (metadata precond + config) or a fitted reference (gaussian, mixture)
//   DIR                        a training run: its newest valid EMA snapshot
//   FILE.pt,convention=raw|denoiser,shape=CxHxW[,sha256=HEX][,...]   TorchScript; needs --trust or the pinned SHA-256;
//                              all options at ImportOptions (models/imports/imported_model.h)
//   FILE.pt2[,...]             an AOTInductor package; likewise
//   KIND[:SRC][,option=value...]   a kind of reference_table(), fitted here and now to SRC, without SRC to options.data
// One line on stderr tells the new spelling of an old one. usage_error, bad_file, io_error or a trust error (exit 8) as fits.
std::unique_ptr<Denoiser> open_model(std::string_view model, const ModelOptions& options = {});

// What `model`, opened with `options`, computes in for a sampler: fp32, bf16 or tf32 for networks; "float64" for
// references, which take the state's dtype on every machine.
std::string precision_of(const Denoiser& model, const ModelOptions& options);

// The file behind MODEL, whose SHA-256 goes into run.json; empty for a kind that is fitted to data.
std::filesystem::path model_file(std::string_view model);

// The SHA-256 of that file; of the text MODEL where there is no file behind it. Tells models apart.
std::string model_sha256(std::string_view model);

// The list above in one line, for messages.
std::string model_help();

}  // namespace farfield

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/imported_model.h"

namespace farfield {

// The foreign module: float32 tensors on its device in, one tensor out.
using ImportedCall = std::function<torch::Tensor(const std::vector<torch::Tensor>&)>;

// A foreign module as a denoiser, under the convention of `options`. Exceptions of `call` and results of the wrong shape
// become bad_file naming `path`.
std::unique_ptr<Denoiser> make_imported_denoiser(ImportedCall call, const ImportOptions& options,
                                                 const std::filesystem::path& path, torch::Device device);

// The first line of what LibTorch says, without stack traces.
std::string first_line(const std::exception& error);

}  // namespace farfield

#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "models/imports/module_call.h"

namespace farfield {

// A foreign module as a denoiser, under the convention of `options`. Exceptions of `call` and results that are no
// dense, finite tensor of the right shape become bad_file naming `path`, with the module's words and what to try.
std::unique_ptr<Denoiser> make_imported_denoiser(ImportedCall call, const ImportOptions& options,
                                                 const std::filesystem::path& path, torch::Device device);

// Makes the denoiser and evaluates it once, in a child process, so that a damaged file or a module that never returns
// cannot take this process with it: bad_file when the child crashes or takes more than options.time_limit. What `make`
// or the denoiser throws is left for the real attempt to report.
void require_survival(const std::filesystem::path& path, const ImportOptions& options,
                      const std::function<std::unique_ptr<Denoiser>()>& make);

}  // namespace farfield

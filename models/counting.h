#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "models/denoiser.h"

namespace farfield {

// Counts the calls that pass through `denoise` into `calls` (not thread-safe): the number of function evaluations is
// counted, never computed. `calls` must outlive the result.
DenoiseFn counting(DenoiseFn denoise, int64_t& calls);

// Told of what a denoiser did: of `samples` samples at a time.
using WorkFn = std::function<void(int64_t samples)>;
// The same denoiser; on_evaluation is called after every D, on_product after every v^T dD/dx. `denoiser` must outlive the result.
std::unique_ptr<Denoiser> make_watched(const Denoiser& denoiser, WorkFn on_evaluation, WorkFn on_product);

}  // namespace farfield

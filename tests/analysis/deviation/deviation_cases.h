#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analysis/deviation/deviation.h"

namespace farfield::test {

// A data set of these points, [N, ...shape], as SRC would give it.
std::shared_ptr<const DataSource> source_of(const torch::Tensor& points, const torch::Tensor& classes = {});
// `model` held against the exact denoiser of `data`.
DeviationSubject against_exact(std::shared_ptr<const Denoiser> model, std::shared_ptr<const DataSource> data);
// The first `seeds` seeds over the polynomial schedule of so many steps.
DeviationRequest deviation_request(const std::string& solver, int64_t seeds, int64_t steps);
// All trajectories of the request, in batches of `batch`.
Arrays deviations(const DeviationSubject& subject, const DeviationRequest& request, int64_t batch = 64);

}  // namespace farfield::test

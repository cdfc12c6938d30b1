#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/data/source.h"
#include "core/run/training_log.h"
#include "models/denoiser.h"

namespace farfield {

// What looks at a network while it is trained: `references`, a list as of `compare --references`, are fitted to `data` and
// evaluated at `count` probes a noise level here and now.
std::function<std::vector<ProbeRow>(const Denoiser&)> training_probe(const std::string& references,
                                                                     const std::vector<double>& sigmas, int64_t count,
                                                                     std::shared_ptr<const DataSource> data,
                                                                     torch::Device device);

// One warning where `sigma_data`, which the preconditioning assumes, is more than a tenth off that of the data.
void warn_about_sigma_data(double sigma_data, const DataSource& data);

}  // namespace farfield

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <torch/types.h>

#include "core/comm.h"
#include "core/config/config.h"
#include "core/data/source.h"
#include "train/run_request.h"
#include "train/train_options.h"

namespace farfield {

// What a training run asks of the folders above this one; each may be empty.
struct TrainingHelp {
  PreviewFn preview;
  std::function<ProbeFn(const ProbeOptions&, std::shared_ptr<const DataSource>)>
      make_probe;  // when there are to be any
  std::function<void(double sigma_data, const DataSource&)> look_at_data;
};

// A YAML file, or the run.json of a training run, which holds one.
Config read_training_config(const std::string& path);

// `model`, a native network file or a run folder, to begin with; usage_error for anything else.
InitialModel read_initial_model(const std::string& model);

// What `farfield train` and Python's train() do with a config: what it leaves open about the network is that of
// request.init, then the data's; run_training(). Fills request.resolved_config, inputs, preview and probe. Returns the
// images of the whole run.
int64_t train_from_config(Config config, RunRequest request, torch::Device device, const TrainingHelp& help,
                          Comm& comm = alone());

}  // namespace farfield

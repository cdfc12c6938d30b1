#pragma once

#include <memory>

#include <torch/types.h>

#include "core/comm.h"
#include "core/data/source.h"
#include "train/run_request.h"
#include "train/train_options.h"

namespace farfield {

// Trains until options.run.images and leaves in the folder: config.yaml, run.json, log.jsonl, probes.jsonl,
// tensorboard/, checkpoints.json, states/, snapshots/, averages/, previews/ (docs/formats.md). Stopped and resumed, the
// run ends with the same bits as without the stop.
//
// usage_error before anything is written: take_training_folder() objects, or the run to resume was made with another
// config, data set or seed (every changed key with both values). On SIGINT, SIGTERM or SIGUSR1 the
// step is finished, the state saved and Error(kInterrupted) thrown; so it is after max_seconds. numeric_error as
// Trainer::step: nothing is saved but the step's batch, as nonfinite-IMAGES.npz.
//
// The ranks of `comm` (core/comm.h) all call this with the same arguments; the root alone reads and writes the
// folder, draws previews and probes, and says what happens. A signal to any rank stops all of them, with one save.
void run_training(const TrainOptions& options, std::shared_ptr<const DataSource> data, torch::Device device,
                  const RunRequest& request, Comm& comm = alone());

}  // namespace farfield

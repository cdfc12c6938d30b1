#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/comm.h"
#include "core/data/source.h"
#include "models/denoiser.h"
#include "models/networks/native_model.h"
#include "train/train_options.h"
#include "train/training_folder.h"
#include "train/training_log.h"

namespace farfield {

// Draws samples of the averaged network into the picture `png`, from the same seeds each time. May throw
// Error(kInterrupted); the run then saves and stops.
using PreviewFn = std::function<void(const Denoiser& average, const std::filesystem::path& png)>;

// Compares the averaged network with references at fixed probes. May throw Error(kInterrupted) like a preview.
using ProbeFn = std::function<std::vector<ProbeResult>(const Denoiser& average)>;

// A model to begin with instead of fresh weights.
struct InitialModel {
  NativeModel model;
  std::string name, sha256;  // of its file
};

// Where a run lives and what it is asked to do there.
struct RunRequest {
  std::filesystem::path folder;
  FolderUse use = FolderUse::kNew;
  std::vector<std::filesystem::path> inputs;  // what this call reads: never replaced, see core/run/replaceable.h
  std::string resolved_config;                // Config::resolved(), written and compared on resume
  std::vector<std::string> command_line;      // for run.json
  PreviewFn preview;                          // may be empty: no pictures
  ProbeFn probe;                              // called every options.probes.images images; may be empty
  std::optional<InitialModel> init;           // with kResume a usage error
  std::vector<std::string> allow_change;      // keys of the config that may differ on resume, see resume.h
  double max_seconds = 0;                     // of this session: then it stops as by a signal; 0: no limit
};

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

#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/run/training_log.h"
#include "models/denoiser.h"
#include "models/networks/native_model.h"
#include "train/training_folder.h"

namespace farfield {

// Draws samples of the averaged network into the picture `png`, from the same seeds each time. May throw
// Error(kInterrupted); the run then saves and stops.
using PreviewFn = std::function<void(const Denoiser& average, const std::filesystem::path& png)>;

// Compares the averaged network with references at fixed probes. May throw Error(kInterrupted) like a preview.
using ProbeFn = std::function<std::vector<ProbeRow>(const Denoiser& average)>;

// Is told every line of log.jsonl when it is written. What it throws ends the run.
using TickFn = std::function<void(const Tick& tick)>;

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
  std::string options = "{}";                 // for run.json: what the call adds to the config, a JSON object
  PreviewFn preview;                          // may be empty: no pictures
  ProbeFn probe;                              // called every options.probes.images images; may be empty
  TickFn on_tick;                             // told every line of log.jsonl; may be empty
  std::optional<InitialModel> init;           // with kResume a usage error
  std::vector<std::string> allow_change;      // keys of the config that may differ on resume, see resume.h
  double max_seconds = 0;                     // of this session: then it stops as by a signal; 0: no limit
};

}  // namespace farfield

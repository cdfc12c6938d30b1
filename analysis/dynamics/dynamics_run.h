#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/compare/comparison.h"
#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "core/data/source.h"

namespace farfield {

// A network at one time of its training.
struct Snapshot {
  std::string name;    // "snapshot-000000064000", a path
  std::string model;   // MODEL
  int64_t images = 0;  // that it was trained on; its place, from 1 on, where nothing tells
};

// Those of a training run that checkpoints.json names and that are there, oldest first. bad_file where there are none.
std::vector<Snapshot> snapshots_of_run(const std::filesystem::path& run_folder);
// MODELs in the order of training; images from the last number in each name, where every name has one and they rise.
std::vector<Snapshot> snapshots_of_models(const std::vector<std::string>& models);

// Whose learning is measured, and what against.
struct DynamicsInputs {
  std::vector<Snapshot> snapshots;                        // in the order of training
  std::function<Subject(const Snapshot& snapshot)> open;  // one at a time
  std::vector<Subject> references;
  std::shared_ptr<const DataSource> data;  // of the probes
  std::string of;                          // the run or the files as they were named, for the record
};

struct DynamicsOptions {
  CompareOptions probes;  // sigmas empty: default_dynamics_sigmas() within the range of all
  std::optional<int64_t> label = {};
};

// 0.1, 0.2, 0.5, 1, 1.5, 2, 5, 10: around where the far field begins for images.
const std::vector<double>& default_dynamics_sigmas();

struct DynamicsRun {
  DynamicsInputs inputs;
  DynamicsOptions options;
  std::vector<std::string> references, kinds;  // R
  std::vector<Comparison> looks;               // one a snapshot, with probes of data alone
};

// What `farfield dynamics` and Python's dynamics() compute: every snapshot at the same probes, whose references are evaluated
// once; each look has the bits of compare() of that snapshot with the same options. `parts` keeps finished snapshots, ranks share
// the batches. usage_error for shapes or levels that do not fit, and for outputs of references beyond memory.
DynamicsRun run_dynamics(DynamicsInputs inputs, DynamicsOptions options, const PartStore& parts = {},
                         Comm& comm = alone());

}  // namespace farfield

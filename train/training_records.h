#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/comm.h"
#include "core/data/source.h"
#include "core/run/run_info.h"
#include "core/run/training_log.h"
#include "core/stopwatch.h"
#include "train/checkpoints.h"
#include "train/loss_record.h"
#include "train/run_request.h"
#include "train/trainer.h"
#include "train/training_events.h"

namespace farfield {

// What a training run leaves in its folder, and what it finds there when it goes on: run.json, logs, states, snapshots,
// previews, probes (docs/formats.md). The root's alone.
class TrainingRecords {
 public:
  // All of these outlive it; `trainer` and `losses` are what is saved, and restored by open().
  TrainingRecords(const TrainOptions& options, const RunRequest& request, const DataInfo& data, torch::Device device,
                  const Comm& comm, Trainer& trainer, LossRecord& losses);

  // Takes the folder (take_training_folder) and, when the run is to go on, restores trainer and losses from its newest
  // state, if there is one. usage_error and bad_file as run_training() says.
  void open();
  // What the run began with instead of fresh weights, for run.json.
  void began_with(const InitialModel& init, const std::vector<std::string>& new_layers);
  // run.json, config.yaml and the logs, from the images that the trainer has now seen.
  void begin();
  // Whatever is due after the step that began at `before` images.
  void after_step(int64_t before, double learning_rate);
  bool saves_state(int64_t before) const;
  bool finished() const;
  // The snapshot and state of a run that stops early, unless they are there.
  void save_now();
  void write_run_info() const;
  // Where the files are; known for sure after open().
  const std::filesystem::path& folder() const { return folder_; }

 private:
  void resume();
  void tick(double learning_rate);
  void save_snapshot();
  void save_state();
  void preview();
  void probe();
  template <class Look>
  bool show_average(Look look);
  double seconds() const { return seconds_before_ + clock_.seconds(); }

  const TrainOptions& options_;
  const RunRequest& request_;
  std::filesystem::path folder_;
  RunInfo session_;  // when this process began
  const DataInfo& data_;
  torch::Device device_;
  const Comm& comm_;
  Trainer& trainer_;
  LossRecord& losses_;
  TrainingFolder place_;
  std::unique_ptr<Checkpoints> checkpoints_;
  std::unique_ptr<TrainingLog> log_;
  std::unique_ptr<ProbeLog> probe_log_;
  std::unique_ptr<TrainingEvents> events_;
  Stopwatch clock_, since_tick_;
  std::string init_ = "null";  // what the run began with, as JSON; null: fresh weights
  std::vector<std::string> changes_;
  double seconds_before_ = 0, probe_seconds_ = 0;
  int64_t resumed_from_ = 0, saved_at_ = 0, ticked_at_ = 0;
};

}  // namespace farfield

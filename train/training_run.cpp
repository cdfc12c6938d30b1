#include "train/training_run.h"

#include <bit>

#include <fmt/format.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/io/npz.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "train/nonfinite.h"
#include "train/trainer.h"
#include "train/training_records.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

// The loop around the trainer: steps, signals and the clock.
class Run {
 public:
  Run(const TrainOptions& options, std::shared_ptr<const DataSource> data, torch::Device device,
      const RunRequest& request, Comm& comm)
      : options_(options),
        request_(request),
        data_(data->info()),
        comm_(comm),
        trainer_(options, std::move(data), device, comm),
        records_(options, request, data_, device, comm, trainer_, losses_) {}

  void go() {
    if (request_.use == FolderUse::kResume && request_.init) {
      throw usage_error("--init begins a run, --resume goes on with one from its own state: give one");
    }
    if (request_.init) initialise(*request_.init);
    if (comm_.broadcast_text(data_.fingerprint, 0) != data_.fingerprint) {
      throw usage_error(
          fmt::format("data.source: rank {} finds other data under '{}' than rank 0; give every machine the same",
                      comm_.rank(), data_.name));
    }
    if (comm_.is_root()) records_.open();
    trainer_.follow_root();
    if (comm_.is_root()) records_.begin();
    train();
    if (comm_.is_root()) records_.write_run_info();
  }

 private:
  void initialise(const InitialModel& init) {
    const auto fresh = trainer_.initialise(init.model, init.name);
    records_.began_with(init, fresh);
    const int64_t before = init.model.config.network.label_dim, here = options_.network.label_dim;
    if (before == here || !comm_.is_root()) return;
    const std::string layers = fresh.empty() ? "its label layers are left out"
                                             : "the label layers are new: " + join(fresh, ", ");
    log::info(fmt::format("--init {}: a network of {} classes becomes one of {}; {}, all other weights are the model's",
                          init.name, before, here, layers));
  }

  void train() {
    Progress progress("training", options_.run.images - trainer_.images_seen(), "images");
    while (!records_.finished()) {
      const int64_t before = trainer_.images_seen();
      const TrainStep step = take_step();
      if (step.skipped.empty()) losses_.add(step.sigma, step.loss);
      progress.advance(options_.run.batch, fmt::format("loss {:.4f}", losses_.mean()));
      if (records_.saves_state(before)) trainer_.follow_root();  // ranks of different machines may round differently
      if (comm_.is_root()) records_.after_step(before, step.learning_rate);
      if (comm_.any(interrupted())) stop("by a signal");
      if (!records_.finished() && time_is_over()) stop("by --max-time");
    }
  }

  // By the root's clock.
  bool time_is_over() {
    if (request_.max_seconds <= 0) return false;
    return comm_.any(comm_.is_root() && clock_.seconds() >= request_.max_seconds);
  }

  TrainStep take_step() {
    try {
      TrainStep step = trainer_.step();
      const auto skipped = static_cast<uint64_t>(trainer_.skipped_steps());
      if (!step.skipped.empty() && std::has_single_bit(skipped)) {  // the 1st, 2nd, 4th, 8th ...
        log::warning(fmt::format("{}; this step was skipped, {} so far", step.skipped, skipped));
      }
      return step;
    } catch (const NonFiniteError& error) {
      const fs::path dump = records_.folder() / fmt::format("nonfinite-{:012}.npz", trainer_.images_seen());
      if (!error.batch().empty()) write_npz(dump, error.batch());
      comm_.wait_for_all();
      throw numeric_error(fmt::format("{}; the batch is in {}", error.what(), dump.string()));
    }
  }

  [[noreturn]] void stop(std::string_view by) {
    if (comm_.is_root()) {
      records_.save_now();
      records_.write_run_info();
    }
    comm_.wait_for_all();
    throw Error(ExitCode::kInterrupted,
                fmt::format("stopped {} after {} of {} images; the state is saved: add --resume to go on", by,
                            trainer_.images_seen(), options_.run.images));
  }

  const TrainOptions& options_;
  const RunRequest& request_;
  DataInfo data_;
  Comm& comm_;
  Trainer trainer_;
  LossRecord losses_;
  TrainingRecords records_;
  Stopwatch clock_;
};

}  // namespace

void run_training(const TrainOptions& options, std::shared_ptr<const DataSource> data, torch::Device device,
                  const RunRequest& request, Comm& comm) {
  Run(options, std::move(data), device, request, comm).go();
}

}  // namespace farfield

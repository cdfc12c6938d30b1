#include "train/training_run.h"

#include <algorithm>
#include <bit>
#include <chrono>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/comm.h"
#include "core/device.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/run/run_info.h"
#include "core/text.h"
#include "models/networks/native_model.h"
#include "models/networks/network_denoiser.h"
#include "train/checkpoints.h"
#include "train/nonfinite.h"
#include "train/resume.h"
#include "train/trainer.h"
#include "train/training_events.h"
#include "train/training_folder.h"
#include "train/training_log.h"

namespace farfield {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* kLossSums = "log.sums";

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

bool passed(int64_t before, int64_t after, int64_t interval) {
  return interval > 0 && after / interval > before / interval;
}

// The loop around the trainer: what happens when, and what is written.
class Run {
 public:
  Run(const TrainOptions& options, std::shared_ptr<const DataSource> data, torch::Device device,
      const RunRequest& request)
      : options_(options),
        request_(request),
        session_(request.command_line),
        data_(data->info()),
        device_(device),
        trainer_(options, std::move(data), device, comm_) {
    session_.add("options", request.options);
  }

  void go() {
    if (request_.use == FolderUse::kResume && request_.init) {
      throw usage_error("--init begins a run, --resume goes on with one from its own state: give one");
    }
    if (request_.init) {
      initialise(*request_.init);
    }
    if (comm_.broadcast_text(data_.fingerprint, 0) != data_.fingerprint) {
      throw usage_error(
          fmt::format("data.source: rank {} finds other data under '{}' than rank 0; give every machine the same",
                      comm_.rank(), data_.name));
    }
    if (comm_.is_root()) open_folder();
    trainer_.follow_root();
    resumed_from_ = saved_at_ = ticked_at_ = trainer_.images_seen();
    if (comm_.is_root()) begin_records();
    train();
    if (comm_.is_root()) write_run_info();
  }

 private:
  void initialise(const InitialModel& init) {
    const auto fresh = trainer_.initialise(init.model, init.name);
    init_ = json{{"model", init.name}, {"sha256", init.sha256}, {"new_layers", fresh}};
    const int64_t before = init.model.config.network.label_dim, here = options_.network.label_dim;
    if (before == here || !comm_.is_root()) return;
    const std::string layers = fresh.empty() ? "its label layers are left out"
                                             : "the label layers are new: " + join(fresh, ", ");
    log::info(fmt::format("--init {}: a network of {} classes becomes one of {}; {}, all other weights are the model's",
                          init.name, before, here, layers));
  }

  void open_folder() {
    place_ = take_training_folder(request_.folder, request_.use, request_.inputs);
    request_.folder = place_.path;
    checkpoints_.emplace(request_.folder, options_.run.keep_states);
    if (request_.use == FolderUse::kResume) resume();
  }

  // run.json first: it is what makes the folder a training run's.
  void begin_records() {
    write_run_info();
    log_.emplace(request_.folder / "log.jsonl", resumed_from_);
    if (request_.probe) probe_log_.emplace(request_.folder / "probes.jsonl", resumed_from_);
    events_.emplace(request_.folder, resumed_from_);
    write_file_atomically(request_.folder / "config.yaml", request_.resolved_config);
  }

  void resume() {
    auto state = checkpoints_->newest_state();
    if (!state) {
      log::warning(fmt::format("{}: no saved state; starting from the beginning", request_.folder.string()));
      return;
    }
    const std::string origin = state->path.string();
    changes_ = changes_on_resume(state->file, origin, request_.resolved_config, data_, request_.allow_change);
    auto sums = state->file.tensors.extract(kLossSums);
    if (sums.empty() || sums.mapped().sizes() != losses_.sums().sizes()) {
      throw bad_file(origin, fmt::format("tensor '{}' is missing or of another shape", kLossSums));
    }
    trainer_.restore(state->file, origin);
    losses_.sums().copy_(sums.mapped());
    seconds_before_ = parse_double(state_text(state->file, origin, "seconds"), "seconds");
    init_ = parse_json(state_text(state->file, origin, "init"), origin + ": init");
    log::info(fmt::format("resuming after {} images from {}", trainer_.images_seen(), origin));
    for (const auto& change : changes_) log::warning("changed: " + change);
  }

  void train() {
    Progress progress("training", options_.run.images - resumed_from_, "images");
    while (!finished()) {
      const int64_t before = trainer_.images_seen();
      const TrainStep step = take_step();
      if (step.skipped.empty()) losses_.add(step.sigma, step.loss);
      progress.advance(options_.run.batch, fmt::format("loss {:.4f}", losses_.mean()));
      if (saves_state(before)) trainer_.follow_root();  // ranks of different machines may round differently
      if (comm_.is_root()) after_step(before, step.learning_rate);
      if (comm_.any(interrupted())) stop("by a signal");
      if (!finished() && time_is_over()) stop("by --max-time");
    }
  }

  // By the root's clock.
  bool time_is_over() {
    if (request_.max_seconds <= 0) return false;
    return comm_.any(comm_.is_root() && seconds_since(start_) >= request_.max_seconds);
  }
  bool saves_state(int64_t before) const {
    return finished() || passed(before, trainer_.images_seen(), options_.run.state_images);
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
      const fs::path dump = request_.folder / fmt::format("nonfinite-{:012}.npz", trainer_.images_seen());
      if (!error.batch().empty()) write_npz(dump, error.batch());
      comm_.wait_for_all();
      throw numeric_error(fmt::format("{}; the batch is in {}", error.what(), dump.string()));
    }
  }

  bool finished() const { return trainer_.images_seen() >= options_.run.images; }

  void after_step(int64_t before, double rate) {
    const RunOptions& run = options_.run;
    const int64_t images = trainer_.images_seen();
    const bool last = finished();
    const auto due = [&](int64_t interval) { return passed(before, images, interval); };
    const bool wanted = std::ranges::any_of(run.snapshot_at, [&](int64_t at) { return at > before && at <= images; });
    if (last || due(run.tick_images)) tick(rate);
    if (last || due(run.snapshot_images) || wanted) save_snapshot();
    if (saves_state(before)) save_state();
    if ((last && run.preview_images > 0) || due(run.preview_images)) preview();
    if ((last && options_.probes.images > 0) || due(options_.probes.images)) probe();
  }

  void tick(double rate) {
    const int64_t images = trainer_.images_seen();
    const double span = seconds_since(tick_start_);
    const Tick line = {images,    images / options_.run.batch,
                       rate,      static_cast<double>(images - ticked_at_) / std::max(span, 1e-9),
                       seconds(), trainer_.skipped_steps()};
    log_->append(line, losses_);
    events_->tick(line, losses_);
    losses_.clear();
    tick_start_ = Clock::now();
    ticked_at_ = images;
  }

  void save_snapshot() {
    const int64_t images = trainer_.images_seen();
    const std::map<std::string, std::string> metadata = {{"images", std::to_string(images)},
                                                         {"training_config", request_.resolved_config}};
    for (const auto& name : trainer_.further_averages()) {
      checkpoints_->save_average(name, trainer_.average_file(name, metadata), images);
    }
    checkpoints_->save_snapshot(trainer_.average_file("", metadata), images);
  }

  void save_state() {
    TensorFile file = trainer_.state();
    file.tensors.emplace(kLossSums, losses_.sums());
    file.metadata.insert({{"kind", kStateKind},
                          {"config", request_.resolved_config},
                          {"data_fingerprint", data_.fingerprint},
                          {"init", dump_json(init_)},
                          {"platform", platform_json()},
                          {"seconds", format_double(seconds())}});
    checkpoints_->save_state(file, trainer_.images_seen());
    saved_at_ = trainer_.images_seen();
    if (place_.replaced) std::exchange(place_.replaced, nullptr)->remove();
  }

  // Calls `look` with the averaged network; false when a signal cut it short: the loop stops after this step.
  template <class Look>
  bool show_average(Look look) {
    try {
      look(*make_network_denoiser(trainer_.average(), options_.model_config(), "moving average"));
      return true;
    } catch (const Error& stopped) {
      if (stopped.code() != ExitCode::kInterrupted) throw;
      return false;
    }
  }

  void preview() {
    if (!request_.preview) return;
    const int64_t images = trainer_.images_seen();
    const fs::path png = subfolder(request_.folder, "previews") / fmt::format("preview-{:012}.png", images);
    const bool drawn = show_average([&](const Denoiser& average) { request_.preview(average, png); });
    if (drawn) events_->preview(images, png);
  }

  void probe() {
    if (!request_.probe) return;
    const auto start = Clock::now();
    std::vector<ProbeResult> results;
    if (!show_average([&](const Denoiser& average) { results = request_.probe(average); })) return;
    probe_log_->append(trainer_.images_seen(), results);
    events_->probes(trainer_.images_seen(), results);
    probe_seconds_ += seconds_since(start);
  }

  [[noreturn]] void stop(std::string_view by) {
    if (comm_.is_root() && saved_at_ != trainer_.images_seen()) {
      save_snapshot();
      save_state();
    }
    if (comm_.is_root()) write_run_info();
    comm_.wait_for_all();
    throw Error(ExitCode::kInterrupted,
                fmt::format("stopped {} after {} of {} images; the state is saved: add --resume to go on", by,
                            trainer_.images_seen(), options_.run.images));
  }

  void write_run_info() const {
    RunInfo info = session_;
    info.add_text("kind", kTrainingKind);
    info.add_text("config", request_.resolved_config);
    info.add("data", dump_json(json{{"source", data_.name},
                                    {"count", data_.count},
                                    {"shape", data_.shape},
                                    {"label_dim", data_.label_dim},
                                    {"label_names", data_.notes.label_names},
                                    {"conversions", data_.notes.conversions},
                                    {"left_out", to_json(data_.notes.left_out)},
                                    {"fingerprint", data_.fingerprint}}));
    info.add("init", dump_json(init_));
    info.add("changed_on_resume", dump_json(json(changes_)));
    info.add_text("device", device_.str());
    info.add_text("precision", std::string(to_string(parse_precision(options_.run.precision, device_))));
    info.add_number("seed", static_cast<double>(options_.run.seed));
    info.add_number("ranks", comm_.size());
    info.add_number("threads", at::get_num_threads());
    info.add_number("parameters", static_cast<double>(trainer_.parameter_count()));
    info.add_number("resumed_from_images", static_cast<double>(resumed_from_));
    info.add_number("images", static_cast<double>(trainer_.images_seen()));
    info.add_number("skipped_steps", static_cast<double>(trainer_.skipped_steps()));
    info.add_number("training_seconds", seconds());
    info.add_number("probe_seconds", probe_seconds_);
    info.write(request_.folder / "run.json");
  }

  double seconds() const { return seconds_before_ + seconds_since(start_); }

  TrainOptions options_;
  RunRequest request_;
  RunInfo session_;  // when this process began
  DataInfo data_;
  torch::Device device_;
  Comm& comm_ = world();
  Trainer trainer_;
  TrainingFolder place_;
  std::optional<Checkpoints> checkpoints_;
  std::optional<TrainingLog> log_;
  std::optional<ProbeLog> probe_log_;
  std::optional<TrainingEvents> events_;
  LossRecord losses_;
  Clock::time_point start_ = Clock::now(), tick_start_ = start_;
  json init_;  // what the run began with; null: fresh weights
  std::vector<std::string> changes_;
  double seconds_before_ = 0, probe_seconds_ = 0;
  int64_t resumed_from_ = 0, saved_at_ = 0, ticked_at_ = 0;
};

}  // namespace

void run_training(const TrainOptions& options, std::shared_ptr<const DataSource> data, torch::Device device,
                  const RunRequest& request) {
  Run(options, std::move(data), device, request).go();
}

}  // namespace farfield

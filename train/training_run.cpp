#include "train/training_run.h"

#include <chrono>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/device.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/io/file.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/run_info.h"
#include "core/text.h"
#include "models/native_model.h"
#include "models/network_denoiser.h"
#include "train/checkpoints.h"
#include "train/folder_lock.h"
#include "train/trainer.h"
#include "train/training_log.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* kLossSums = "log.sums";
constexpr const char* kStateKind = "farfield training state";

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool passed(int64_t before, int64_t after, int64_t interval) {
  return interval > 0 && after / interval > before / interval;
}

// Refuses what may not be written into, and leaves an existing, locked folder: empty, or that of the run to resume.
std::unique_ptr<FolderLock> take_folder(const RunRequest& request) {
  const fs::path& folder = request.folder;
  const bool ours = fs::exists(folder / "run.json");
  if (request.resume && !ours) {
    throw usage_error(fmt::format("{}: no run to resume (no run.json); leave out --resume to start one", folder.string()));
  }
  if (fs::exists(folder) && !ours && !(fs::is_directory(folder) && fs::is_empty(folder))) {
    throw usage_error(fmt::format("{}: exists and is no run folder; choose another --out", folder.string()));
  }
  if (ours && !request.resume && !request.force) {
    throw usage_error(fmt::format("{}: holds a run; --resume goes on with it, --force replaces it", folder.string()));
  }
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw io_error(fmt::format("{}: cannot make the run folder", folder.string()), error.value());
  auto lock = std::make_unique<FolderLock>(folder);
  if (!request.resume) {
    for (const auto& entry : fs::directory_iterator(folder)) fs::remove_all(entry.path());
  }
  return lock;
}

void require_same_run(const TensorFile& state, const std::string& origin, const std::string& resolved_config,
                      const DataInfo& data) {
  const auto text = [&](const char* key) {
    const auto found = state.metadata.find(key);
    if (found == state.metadata.end()) throw bad_file(origin, fmt::format("the metadata lacks '{}'", key));
    return found->second;
  };
  if (text("kind") != kStateKind) throw bad_file(origin, fmt::format("is no {}", kStateKind));
  std::vector<std::string> changes;
  for (const auto& change : forbidden_changes(text("config"), resolved_config)) {
    changes.push_back(fmt::format("{} was {}, is now {}", change.key, change.before, change.after));
  }
  if (text("data_fingerprint") != data.fingerprint) {
    changes.push_back(fmt::format("the content of the data '{}' is not what the run was trained on", data.name));
  }
  if (!changes.empty()) {
    throw usage_error(fmt::format("{}: cannot resume with other settings: {}", origin, join(changes, "; ")));
  }
}

// The loop around the trainer: what happens when, and what is written.
class Run {
 public:
  Run(const TrainOptions& options, std::shared_ptr<const DataSource> data, torch::Device device,
      const RunRequest& request)
      : options_(options), request_(request), session_(request.command_line), data_(data->info()), device_(device),
        trainer_(options, std::move(data), device) {}

  void go() {
    lock_ = take_folder(request_);
    checkpoints_.emplace(request_.folder, options_.run.keep_states);
    if (request_.resume) resume();
    resumed_from_ = saved_at_ = ticked_at_ = trainer_.images_seen();
    log_.emplace(request_.folder / "log.jsonl", resumed_from_);
    write_file_atomically(request_.folder / "config.yaml", request_.resolved_config);
    write_run_info();
    train();
    write_run_info();
  }

 private:
  void resume() {
    auto state = checkpoints_->newest_state();
    if (!state) {
      log::warning(fmt::format("{}: no saved state; starting from the beginning", request_.folder.string()));
      return;
    }
    const std::string origin = state->path.string();
    require_same_run(state->file, origin, request_.resolved_config, data_);
    auto sums = state->file.tensors.extract(kLossSums);
    if (sums.empty() || sums.mapped().sizes() != losses_.sums().sizes()) {
      throw bad_file(origin, fmt::format("tensor '{}' is missing or of another shape", kLossSums));
    }
    trainer_.restore(state->file, origin);
    losses_.sums().copy_(sums.mapped());
    seconds_before_ = parse_double(state->file.metadata["seconds"], "seconds");
    log::info(fmt::format("resuming after {} images from {}", trainer_.images_seen(), origin));
  }

  void train() {
    Progress progress("training", options_.run.images - resumed_from_, "images");
    while (trainer_.images_seen() < options_.run.images) {
      const int64_t before = trainer_.images_seen();
      const TrainStep step = trainer_.step();
      losses_.add(step.sigma, step.loss);
      progress.advance(options_.run.batch, fmt::format("loss {:.4f}", losses_.mean()));
      after_step(before, step.learning_rate);
      if (interrupted()) stop();
    }
  }

  void after_step(int64_t before, double rate) {
    const RunOptions& run = options_.run;
    const int64_t images = trainer_.images_seen();
    const bool last = images >= run.images;
    if (last || passed(before, images, run.tick_images)) tick(rate);
    if (last || passed(before, images, run.snapshot_images)) save_snapshot();
    if (last || passed(before, images, run.state_images)) save_state();
    if ((last && run.preview_images > 0) || passed(before, images, run.preview_images)) preview();
  }

  void tick(double rate) {
    const int64_t images = trainer_.images_seen();
    const double span = seconds_since(tick_start_);
    log_->append({images, images / options_.run.batch, rate,
                  static_cast<double>(images - ticked_at_) / std::max(span, 1e-9), seconds()},
                 losses_);
    losses_.clear();
    tick_start_ = Clock::now();
    ticked_at_ = images;
  }

  void save_snapshot() {
    const int64_t images = trainer_.images_seen();
    checkpoints_->save_snapshot(
        to_tensor_file(options_.model_config(), *trainer_.average().network,
                       {{"images", std::to_string(images)}, {"training_config", request_.resolved_config}}),
        images);
  }

  void save_state() {
    TensorFile file = trainer_.state();
    file.tensors.emplace(kLossSums, losses_.sums());
    file.metadata.insert({{"kind", kStateKind},
                          {"config", request_.resolved_config},
                          {"data_fingerprint", data_.fingerprint},
                          {"platform", platform_json()},
                          {"seconds", format_double(seconds())}});
    checkpoints_->save_state(file, trainer_.images_seen());
    saved_at_ = trainer_.images_seen();
  }

  void preview() {
    if (!request_.preview) return;
    const fs::path folder = request_.folder / "previews";
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw io_error(fmt::format("{}: cannot make the folder", folder.string()), error.value());
    try {
      const auto average = make_network_denoiser(trainer_.average(), options_.model_config(), "moving average");
      request_.preview(*average, folder / fmt::format("preview-{:012}.png", trainer_.images_seen()));
    } catch (const Error& stopped) {
      if (stopped.code() != ExitCode::kInterrupted) throw;
      stop();
    }
  }

  [[noreturn]] void stop() {
    if (saved_at_ != trainer_.images_seen()) {
      save_snapshot();
      save_state();
    }
    write_run_info();
    throw Error(ExitCode::kInterrupted,
                fmt::format("stopped by a signal after {} of {} images; the state is saved: add --resume to go on",
                            trainer_.images_seen(), options_.run.images));
  }

  void write_run_info() const {
    RunInfo info = session_;
    info.add_text("config", request_.resolved_config);
    info.add("data", nlohmann::json{{"source", data_.name}, {"count", data_.count}, {"shape", data_.shape},
                                    {"label_dim", data_.label_dim}, {"fingerprint", data_.fingerprint}}.dump());
    info.add_text("device", device_.str());
    info.add_text("precision", std::string(to_string(parse_precision(options_.run.precision, device_))));
    info.add_number("seed", static_cast<double>(options_.run.seed));
    info.add_number("threads", at::get_num_threads());
    info.add_number("parameters", static_cast<double>(trainer_.parameter_count()));
    info.add_number("resumed_from_images", static_cast<double>(resumed_from_));
    info.add_number("images", static_cast<double>(trainer_.images_seen()));
    info.add_number("training_seconds", seconds());
    info.write(request_.folder / "run.json");
  }

  double seconds() const { return seconds_before_ + seconds_since(start_); }

  TrainOptions options_;
  RunRequest request_;
  RunInfo session_;  // when this process began
  DataInfo data_;
  torch::Device device_;
  Trainer trainer_;
  std::unique_ptr<FolderLock> lock_;
  std::optional<Checkpoints> checkpoints_;
  std::optional<TrainingLog> log_;
  LossRecord losses_;
  Clock::time_point start_ = Clock::now(), tick_start_ = start_;
  double seconds_before_ = 0;
  int64_t resumed_from_ = 0, saved_at_ = 0, ticked_at_ = 0;
};

}  // namespace

void run_training(const TrainOptions& options, std::shared_ptr<const DataSource> data, torch::Device device,
                  const RunRequest& request) {
  Run(options, std::move(data), device, request).go();
}

}  // namespace farfield

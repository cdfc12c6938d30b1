#include "train/training_records.h"

#include <algorithm>
#include <utility>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/device.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/log.h"
#include "core/text.h"
#include "models/networks/network_denoiser.h"
#include "train/resume.h"

namespace farfield {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr const char* kLossSums = "log.sums";

bool passed(int64_t before, int64_t after, int64_t interval) {
  return interval > 0 && after / interval > before / interval;
}

}  // namespace

TrainingRecords::TrainingRecords(const TrainOptions& options, const RunRequest& request, const DataInfo& data,
                                 torch::Device device, const Comm& comm, Trainer& trainer, LossRecord& losses)
    : options_(options),
      request_(request),
      folder_(request.folder),
      session_(request.command_line),
      data_(data),
      device_(device),
      comm_(comm),
      trainer_(trainer),
      losses_(losses) {
  session_.add("options", request.options);
}

void TrainingRecords::open() {
  place_ = take_training_folder(request_.folder, request_.use, request_.inputs);
  folder_ = place_.path;
  checkpoints_ = std::make_unique<Checkpoints>(folder_, options_.run.keep_states);
  if (request_.use == FolderUse::kResume) resume();
}

void TrainingRecords::began_with(const InitialModel& init, const std::vector<std::string>& new_layers) {
  init_ = dump_json(json{{"model", init.name}, {"sha256", init.sha256}, {"new_layers", new_layers}});
}

// run.json first: it is what makes the folder a training run's.
void TrainingRecords::begin() {
  resumed_from_ = saved_at_ = ticked_at_ = trainer_.images_seen();
  write_run_info();
  log_ = std::make_unique<TrainingLog>(folder_, resumed_from_);
  if (request_.probe) probe_log_ = std::make_unique<ProbeLog>(folder_, resumed_from_);
  events_ = std::make_unique<TrainingEvents>(folder_, resumed_from_);
  write_file_atomically(folder_ / "config.yaml", request_.resolved_config);
}

void TrainingRecords::resume() {
  auto state = checkpoints_->newest_state();
  if (!state) {
    log::warning(fmt::format("{}: no saved state; starting from the beginning", folder_.string()));
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
  init_ = dump_json(parse_json(state_text(state->file, origin, "init"), origin + ": init"));
  log::info(fmt::format("resuming after {} images from {}", trainer_.images_seen(), origin));
  for (const auto& change : changes_) log::warning("changed: " + change);
}

bool TrainingRecords::finished() const { return trainer_.images_seen() >= options_.run.images; }

bool TrainingRecords::saves_state(int64_t before) const {
  return finished() || passed(before, trainer_.images_seen(), options_.run.state_images);
}

void TrainingRecords::after_step(int64_t before, double rate) {
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

void TrainingRecords::tick(double rate) {
  const int64_t images = trainer_.images_seen();
  const double span = since_tick_.restart();
  Tick tick = {
      .images = images, .step = images / options_.run.batch, .loss = losses_.mean(), .by_sigma = losses_.bins()};
  tick.learning_rate = rate;
  tick.images_per_second = static_cast<double>(images - ticked_at_) / std::max(span, 1e-9);
  tick.seconds = seconds();
  tick.skipped_steps = trainer_.skipped_steps();
  log_->append(tick);
  events_->tick(tick);
  losses_.clear();
  ticked_at_ = images;
  if (request_.on_tick) request_.on_tick(tick);
}

void TrainingRecords::save_snapshot() {
  const int64_t images = trainer_.images_seen();
  const std::map<std::string, std::string> metadata = {{"images", std::to_string(images)},
                                                       {"training_config", request_.resolved_config}};
  for (const auto& name : trainer_.further_averages()) {
    checkpoints_->save_average(name, trainer_.average_file(name, metadata), images);
  }
  checkpoints_->save_snapshot(trainer_.average_file("", metadata), images);
}

void TrainingRecords::save_state() {
  TensorFile file = trainer_.state();
  file.tensors.emplace(kLossSums, losses_.sums());
  file.metadata.insert({{"kind", kStateKind},
                        {"config", request_.resolved_config},
                        {"data_fingerprint", data_.fingerprint},
                        {"init", init_},
                        {"platform", platform_json()},
                        {"seconds", format_double(seconds())}});
  checkpoints_->save_state(file, trainer_.images_seen());
  saved_at_ = trainer_.images_seen();
  if (place_.replaced) std::exchange(place_.replaced, nullptr)->remove();
}

// Calls `look` with the averaged network; false when a signal cut it short: the loop stops after this step.
template <class Look>
bool TrainingRecords::show_average(Look look) {
  try {
    look(*make_network_denoiser(trainer_.average(), options_.model_config(), "moving average"));
    return true;
  } catch (const Error& stopped) {
    if (stopped.code() != ExitCode::kInterrupted) throw;
    return false;
  }
}

void TrainingRecords::preview() {
  if (!request_.preview) return;
  const int64_t images = trainer_.images_seen();
  const fs::path png = subfolder(folder_, "previews") / fmt::format("preview-{:012}.png", images);
  const bool drawn = show_average([&](const Denoiser& average) { request_.preview(average, png); });
  if (drawn) events_->preview(images, png);
}

void TrainingRecords::probe() {
  if (!request_.probe) return;
  const Stopwatch clock;
  ProbeLine line = {trainer_.images_seen(), {}};
  if (!show_average([&](const Denoiser& average) { line.rows = request_.probe(average); })) return;
  probe_log_->append(line);
  events_->probes(line);
  probe_seconds_ += clock.seconds();
}

void TrainingRecords::save_now() {
  if (saved_at_ == trainer_.images_seen()) return;
  save_snapshot();
  save_state();
}

void TrainingRecords::write_run_info() const {
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
  info.add("init", init_);
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
  info.write(folder_ / "run.json");
}

}  // namespace farfield

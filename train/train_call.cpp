#include "train/train_call.h"

#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/file.h"
#include "core/limits.h"
#include "core/run/run_record.h"
#include "core/text.h"
#include "models/registry/model_registry.h"
#include "train/network_settings.h"
#include "train/training_run.h"

namespace farfield {

Config read_training_config(const std::string& path) {
  const auto record = read_run_record(path);
  return record ? Config::from_text(record->training_config, path + " (config)") : Config::from_file(path);
}

InitialModel read_initial_model(const std::string& model) {
  const auto file = model_file(model);
  if (file.empty()) throw usage_error(fmt::format("--init {}: expected a native network file or a run folder", model));
  return {read_native_model(file), file.string(), sha256_file(file)};
}

int64_t train_from_config(Config config, RunRequest request, torch::Device device, const TrainingHelp& help,
                          Comm& comm) {
  if (request.use != FolderUse::kResume && !request.allow_change.empty())
    throw usage_error("--allow-change needs --resume");
  if (request.init) adopt_model(config, request.init->model.config);
  TrainOptions options = TrainOptions::from_config(config);
  config.finish();
  const auto data = open_data(options.data);
  fit_network_to_data(options, config, data->info());
  if (comm.is_root() && help.look_at_data) help.look_at_data(options.sigma_data, *data);
  const auto read = named_paths({options.data});
  request.inputs.insert(request.inputs.end(), read.begin(), read.end());
  request.resolved_config = config.resolved();
  request.preview = help.preview;
  if (comm.is_root() && help.make_probe && options.probes.images > 0)
    request.probe = help.make_probe(options.probes, data);
  run_training(options, data, device, request, comm);
  return options.run.images;
}

}  // namespace farfield

#include <pybind11/stl.h>

#include "analysis/compare/training_probe.h"
#include "bindings.h"
#include "core/device.h"
#include "core/duration.h"
#include "samplers/preview.h"
#include "train/train_call.h"

namespace farfield::python {
namespace {

using Texts = std::vector<std::string>;

// Everything of Python's train() but the config.
struct TrainCall {
  std::string out, init, max_time, device = "auto";
  bool resume = false, replace = false;
  Texts allow_change, inputs, command;
};

Config config_of(const std::string& text, const std::string& origin, const Texts& settings) {
  Config config = text.empty() ? read_training_config(origin) : Config::from_text(text, origin);
  for (const auto& setting : settings) config.set(setting);
  return config;
}

RunRequest request_of(const TrainCall& call) {
  RunRequest request;
  request.folder = call.out;
  request.use = call.resume ? FolderUse::kResume : call.replace ? FolderUse::kReplace : FolderUse::kNew;
  Texts named = call.inputs;
  named.push_back(call.init);
  request.inputs = named_paths(named);
  request.command_line = call.command;
  request.allow_change = call.allow_change;
  if (!call.init.empty()) request.init = read_initial_model(call.init);
  if (!call.max_time.empty()) request.max_seconds = parse_duration(call.max_time, "--max-time");
  return request;
}

TrainingHelp help_on(torch::Device device) {
  TrainingHelp help;
  help.preview = [device](const Denoiser& average, const std::filesystem::path& png) {
    draw_preview(average, png, device);
  };
  help.make_probe = [device](const ProbeOptions& options, std::shared_ptr<const DataSource> data) {
    return training_probe(options.references, options.sigmas, options.count, std::move(data), device);
  };
  help.look_at_data = warn_about_sigma_data;
  return help;
}

// A line of log.jsonl.
py::dict dict_of(const Tick& tick) {
  py::list bins;
  for (const SigmaLoss& bin : tick.by_sigma) {
    py::dict one;
    one["sigma_from"] = bin.sigma_from;
    one["sigma_to"] = bin.sigma_to;
    one["count"] = bin.count;
    one["loss"] = bin.loss;
    bins.append(one);
  }
  py::dict line;
  line["images"] = tick.images;
  line["step"] = tick.step;
  line["loss"] = tick.loss;
  line["loss_by_sigma"] = bins;
  line["learning_rate"] = tick.learning_rate;
  line["images_per_second"] = tick.images_per_second;
  line["seconds"] = tick.seconds;
  line["skipped_steps"] = tick.skipped_steps;
  return line;
}

// Calls the function of Python with a line of the log. A KeyboardInterrupt in it stops the run as one elsewhere would: with
// its state saved.
void report_tick(const py::object& function, const Tick& tick, PythonSignals& signals) {
  const py::gil_scoped_acquire interpreter;
  try {
    function(dict_of(tick));
  } catch (py::error_already_set& error) {
    if (!error.matches(PyExc_KeyboardInterrupt)) rethrow_python_error(error, "on_tick");
    signals.remember(error);
  }
}

// The user's no_grad and inference_mode end here: training needs gradients of its own.
int64_t train(const std::string& text, const std::string& origin, const Texts& settings, const TrainCall& call,
              const py::object& on_tick) {
  return made([&](PythonSignals& signals) {
    const at::AutoGradMode gradients(true);
    const torch::Device device = parse_device(call.device);
    RunRequest request = request_of(call);
    if (!on_tick.is_none()) request.on_tick = [&](const Tick& tick) { report_tick(on_tick, tick, signals); };
    return train_from_config(config_of(text, origin, settings), std::move(request), device, help_on(device));
  });
}

}  // namespace

void add_training(py::module_& module) {
  py::class_<TrainCall>(module, "TrainCall")
      .def(py::init<>())
      .def_readwrite("out", &TrainCall::out)
      .def_readwrite("init", &TrainCall::init)
      .def_readwrite("max_time", &TrainCall::max_time)
      .def_readwrite("device", &TrainCall::device)
      .def_readwrite("resume", &TrainCall::resume)
      .def_readwrite("replace", &TrainCall::replace)
      .def_readwrite("allow_change", &TrainCall::allow_change)
      .def_readwrite("inputs", &TrainCall::inputs)
      .def_readwrite("command", &TrainCall::command);
  module.def("train", &train);
}

}  // namespace farfield::python

#include "models/registry/model_registry.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/data/source.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/wrong_file.h"
#include "core/run/replaceable.h"
#include "core/source_form.h"
#include "core/text.h"
#include "models/analytic/fit.h"
#include "models/analytic/reference_file.h"
#include "models/imports/imported_model.h"
#include "models/networks/checkpoint_manifest.h"
#include "models/networks/network_denoiser.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;

// "kind:SRC" -> kind and SRC, for the models that are made of data here and now; nothing for files.
struct FittedForm {
  const char* kind;
  std::vector<std::string> options;  // keys that are the model's, not the source's
};
const FittedForm kFittedForms[] = {
    {"delta", {}}, {"isotropic", {}}, {"gaussian", {"rank"}}, {"mixture", {"components", "rank"}}};

const FittedForm* fitted_form(std::string_view model) {
  if (begins_with_path(model)) return nullptr;
  for (const FittedForm& form : kFittedForms) {
    if (model.starts_with(std::string(form.kind) + ":")) return &form;
  }
  return nullptr;
}

std::unique_ptr<Denoiser> open_fitted(const FittedForm& form, std::string_view model) {
  std::string source;
  std::map<std::string, std::string> own;
  for (std::string_view rest = model.substr(std::string(form.kind).size() + 1); !rest.empty();) {
    const size_t length = source_item_length(rest);
    const std::string word(rest.substr(0, length));
    rest.remove_prefix(std::min(length + 1, rest.size()));
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const bool mine = equals != std::string::npos && std::ranges::find(form.options, key) != form.options.end();
    if (mine)
      own[key] = word.substr(equals + 1);
    else
      source += (source.empty() ? "" : ",") + word;
  }
  std::string reference = form.kind;
  if (reference == "mixture") {
    if (!own.contains("components")) {
      throw usage_error(fmt::format("{}: give the number of components: mixture:SRC,components=K", model));
    }
    reference += ":" + own["components"];
  }
  if (own.contains("rank")) reference += ":" + own["rank"];
  return make_reference(reference, *open_data(source));
}

// A path and the words after it.
struct FileForm {
  fs::path path;
  std::vector<std::string> words;
};

FileForm file_form(std::string_view model) {
  SourceForm form = parse_source(model, {});
  return {std::move(form.path), std::move(form.options)};
}

// A training run's newest snapshot that is whole.
fs::path snapshot_of(const fs::path& run_folder) {
  if (!fs::exists(run_folder / "checkpoints.json") && output_kind(run_folder) != kTrainingKind) {
    throw bad_file(run_folder.string(), "is a folder, but no training run (no checkpoints.json); " + model_help());
  }
  const auto newest = newest_valid(run_folder, read_checkpoint_manifest(run_folder).snapshots);
  if (!newest)
    throw bad_file(run_folder.string(), "holds no valid snapshot (checkpoints.json names none that is whole)");
  return run_folder / newest->file;
}

void check_pin(const fs::path& path, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (!word.starts_with("sha256=")) {
      refuse_wrong_file(path, FileKind::kSafetensors);
      throw usage_error(path.string() + ": " + unknown_name("option", word.substr(0, word.find('=')), {"sha256"}));
    }
    const std::string found = sha256_file(path);
    if (word.substr(7) != found) {
      throw Error(ExitCode::kTrust,
                  fmt::format("{}: has SHA-256 {}, but sha256= says {}", path.string(), found, word.substr(7)));
    }
  }
}

std::unique_ptr<Denoiser> open_tensors(const fs::path& path, const ModelOptions& options) {
  TensorFile file = read_as(FileKind::kSafetensors, path, [&] { return read_safetensors(path); });
  if (is_reference(file)) return make_denoiser(parse_reference(file, path.string()));
  const torch::Device device = parse_device(options.device);
  const Precision precision = parse_precision(options.precision, device);
  return make_network_denoiser(parse_native_model(std::move(file), path.string()),
                               "network " + path.filename().string(), device, precision);
}

void check_import_precision(const fs::path& path, const ModelOptions& options) {
  if (options.precision == "auto" || options.precision == "fp32") return;
  throw usage_error(
      fmt::format("{}: an imported module runs as it was exported, in fp32; --precision {} needs a native "
                  "model",
                  path.string(), options.precision));
}

}  // namespace

std::string precision_of(const Denoiser& model, const ModelOptions& options) {
  if (dynamic_cast<const AnalyticDenoiser*>(&model) != nullptr) return "float64";
  return std::string(to_string(parse_precision(options.precision, parse_device(options.device))));
}

fs::path model_file(std::string_view model) {
  if (fitted_form(model) != nullptr) return {};
  const fs::path path = file_form(model).path;
  return fs::is_directory(path) ? snapshot_of(path) : path;
}

std::string model_sha256(std::string_view model) {
  const fs::path file = model_file(model);
  return file.empty() ? sha256(model) : sha256_file(file);
}

std::unique_ptr<Denoiser> open_model(std::string_view model, const ModelOptions& options) {
  parse_precision(options.precision,
                  parse_device(options.device));  // a wrong name is refused, whether it is used or not
  if (const FittedForm* form = fitted_form(model)) return open_fitted(*form, model);
  const FileForm form = file_form(model);
  if (!fs::exists(form.path)) {
    throw io_error(fmt::format("{}: no such model; {}", form.path.string(), model_help()));
  }
  if (fs::is_directory(form.path)) {
    const fs::path snapshot = snapshot_of(form.path);
    check_pin(snapshot, form.words);
    return open_tensors(snapshot, options);
  }
  const std::string kind = form.path.extension().string();
  if (kind == ".pt" || kind == ".pth" || kind == ".ts" || kind == ".pt2") {
    refuse_wrong_file(form.path, kind == ".pt2" ? FileKind::kPackage : FileKind::kTorchScript);
    const ImportOptions import = ImportOptions::parse(form.words, form.path.string());
    check_import_precision(form.path, options);
    const torch::Device device = parse_device(options.device);
    return kind == ".pt2" ? open_package(form.path, import, options.trust, device)
                          : open_torchscript(form.path, import, options.trust, device);
  }
  if (kind == ".pkl") {
    refuse_wrong_file(form.path, FileKind::kPackage);
    throw bad_file(form.path.string(),
                   "is named as a Python pickle, which is not run here; convert it once with "
                   "tools/convert/edm_pickle.py");
  }
  check_pin(form.path, form.words);
  return open_tensors(form.path, options);
}

std::string model_help() {
  return "MODEL is FILE.safetensors, a training run's folder, FILE.pt or FILE.pt2 with "
         ",convention=raw|denoiser,shape=CxHxW (and --trust), delta:SRC, isotropic:SRC, gaussian:SRC[,rank=R], or "
         "mixture:SRC,components=K|classes[,rank=R]; a path that exists is taken first, quotes let one hold commas";
}

}  // namespace farfield

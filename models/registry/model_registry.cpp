#include "models/registry/model_registry.h"

#include <fmt/format.h>

#include "core/comm.h"
#include "core/data/source.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/wrong_file.h"
#include "core/log.h"
#include "core/run/replaceable.h"
#include "core/text.h"
#include "models/analytic/reference_file.h"
#include "models/imports/imported_model.h"
#include "models/networks/checkpoint_manifest.h"
#include "models/networks/network_denoiser.h"
#include "models/registry/model_form.h"
#include "models/registry/reference_registry.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Denoiser> open_fitted(const ModelForm& form, std::string_view model, const ModelOptions& options) {
  std::shared_ptr<const DataSource> data = options.data;
  if (form.source) data = open_data(source_text(*form.source, data_source_prefixes()));
  if (data == nullptr) {
    throw usage_error(
        fmt::format("{}: is fitted to data: name them, {}:SRC, or as --data where a command takes that; a "
                    "file or folder of that name is ./{}",
                    model, form.kind, form.kind));
  }
  const ReferenceKind* kind = find_reference(form.kind);
  check(kind != nullptr, "parse_model() knows the kinds of the table");
  const ReferenceOptions given(form.kind, form.options);
  Comm& comm = options.comm != nullptr ? *options.comm : alone();
  return kind->fit({*data, given, form.source ? 0 : options.seed, comm});
}

void tell_new_spelling(const ModelForm& form, std::string_view model) {
  if (form.old_spelling) {
    log::info(
        fmt::format("{} is an old spelling, read for the last time in this version; write {}", model, to_text(form)));
  }
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

// What is written like a kind may be meant as one.
Error no_such_model(const fs::path& path) {
  const std::string text = path.string(), word = text.substr(0, text.find(':'));
  const bool like_a_kind = text != word || !nearest_name(word, reference_names()).empty();
  if (like_a_kind && word.find_first_of("./") == std::string::npos) {
    return usage_error(unknown_name("model", word, reference_names()) + ", or the path of a file or folder");
  }
  return io_error(fmt::format("{}: no such model; {}", text, model_help()));
}

std::unique_ptr<Denoiser> open_path(const SourceForm& form, const ModelOptions& options) {
  const fs::path path = form.path;
  if (!fs::exists(path)) throw no_such_model(path);
  if (fs::is_directory(path)) {
    const fs::path snapshot = snapshot_of(path);
    check_pin(snapshot, form.options);
    return open_tensors(snapshot, options);
  }
  const std::string kind = path.extension().string();
  if (kind == ".pt" || kind == ".pth" || kind == ".ts" || kind == ".pt2") {
    refuse_wrong_file(path, kind == ".pt2" ? FileKind::kPackage : FileKind::kTorchScript);
    const ImportOptions import = ImportOptions::parse(form.options, path.string());
    check_import_precision(path, options);
    const torch::Device device = parse_device(options.device);
    return kind == ".pt2" ? open_package(path, import, options.trust, device)
                          : open_torchscript(path, import, options.trust, device);
  }
  if (kind == ".pkl") {
    refuse_wrong_file(path, FileKind::kPackage);
    throw bad_file(path.string(),
                   "is named as a Python pickle, which is not run here; convert it once with "
                   "tools/convert/edm_pickle.py");
  }
  check_pin(path, form.options);
  return open_tensors(path, options);
}

}  // namespace

std::string precision_of(const Denoiser& model, const ModelOptions& options) {
  if (find_reference(model.info().kind) != nullptr) return "float64";
  return std::string(to_string(parse_precision(options.precision, parse_device(options.device))));
}

fs::path model_file(std::string_view model) {
  const ModelForm form = parse_model(model);
  if (!form.kind.empty()) return {};
  const fs::path path = form.source.value().path;
  return fs::is_directory(path) ? snapshot_of(path) : path;
}

std::string model_sha256(std::string_view model) {
  const fs::path file = model_file(model);
  return file.empty() ? sha256(model) : sha256_file(file);
}

std::unique_ptr<Denoiser> open_model(std::string_view model, const ModelOptions& options) {
  // A wrong name is refused, whether it is used or not.
  parse_precision(options.precision, parse_device(options.device));
  const ModelForm form = parse_model(model);
  tell_new_spelling(form, model);
  return form.kind.empty() ? open_path(form.source.value(), options) : open_fitted(form, model, options);
}

std::string model_help() {
  std::vector<std::string> kinds;
  for (const ReferenceKind& kind : reference_table()) {
    std::string text = kind.name + ":SRC";
    for (const std::string& option : kind.options)
      text += fmt::format("[,{}{}]", option, option.ends_with('=') ? "..." : "");
    kinds.push_back(text);
  }
  return "MODEL is FILE.safetensors, a training run's folder, FILE.pt or FILE.pt2 with "
         ",convention=raw|denoiser,shape=CxHxW (and --trust), or fitted to data: " +
         join(kinds, ", ") + "; a path that exists is taken first, quotes let one hold commas";
}

}  // namespace farfield

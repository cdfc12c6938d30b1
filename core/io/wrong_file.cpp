#include "core/io/wrong_file.h"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "core/text.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;
using enum FileKind;

enum class Use { kModel, kData, kText };

Use use_of(FileKind expected) {
  switch (expected) {
    case kSafetensors:
    case kTorchScript:
    case kPackage:
      return Use::kModel;
    case kText:
      return Use::kText;
    default:
      return Use::kData;
  }
}

struct Words {
  FileKind kind;
  const char* what;   // "is ..."
  const char* model;  // the way out where a model was wanted; {} is the file
  const char* data;   // where data were
};

constexpr const char* kFetch = "download the file itself";
constexpr const char* kArrays = "in Python, store arrays: numpy.savez('data.npz', images=x) with uint8 [N,H,W,C]";
constexpr const char* kUnpack = "unpack it and name what is inside";
constexpr const char* kIsModel = "that is a model: give it to --model";
constexpr const char* kIsData = "that is data, no model";
constexpr const char* kNoModel = "a model is FILE.safetensors, a training run's folder, or TorchScript";
constexpr const char* kNoData = "data are .npy, .npz, .zip or folders of images, mnist:DIR or cifar:DIR";

constexpr Words kWords[] = {
    {kFolder, "is a folder", "name the file in it, or the folder of a training run", kNoData},
    {kEmpty, "is empty", "copy or download it again", "copy or download it again"},
    {kText, "is text", kNoModel, kNoData},
    {kJson, "is JSON text", "the weights are another file", "the data are other files"},
    {kWebPage, "is a web page (HTML or XML), as failed downloads leave", kFetch, kFetch},
    {kLfsPointer, "is a Git LFS pointer, not the file itself", "run 'git lfs pull' where it was cloned",
     "run 'git lfs pull' where it was cloned"},
    {kSafetensors, "is safetensors", "name it NAME.safetensors", kIsModel},
    {kNpy, "is a numpy array (.npy)", "arrays are data, for --data", "name it NAME.npy"},
    {kNpz, "is numpy arrays (.npz)", "arrays are data, for --data or --latents", "name it NAME.npz"},
    {kZip, "is a zip archive", kUnpack, "a zip archive of images is named NAME.zip"},
    {kCutZip, "begins as a zip archive (.npz, .pt, .zip) but has no directory at its end: it is cut off",
     "copy or download it again", "copy or download it again"},
    {kTorchScript, "is TorchScript",
     "name it NAME.pt and say how it is called: NAME.pt,convention=denoiser,shape=CxHxW", kIsModel},
    {kPackage, "is an AOTInductor package (.pt2)", "name it NAME.pt2", kIsModel},
    {kExportedProgram, "is a program of torch.export that is not compiled yet",
     "in Python: torch._inductor.aoti_compile_and_package(torch.export.load(...), package_path='model.pt2')", kIsModel},
    {kTorchSave, "is a state dict or checkpoint of torch.save (pickled Python), which is not run here",
     "convert it once: tools/convert/edm_pickle.py {} --config CONFIG.json --out model.safetensors", kArrays},
    {kPickledModule, "is a torch.save of Python objects (a whole module?), a pickle, which is not run here",
     "where its code is, save its state_dict() and convert that with tools/convert/edm_pickle.py, or export it: "
     "torch.jit.script(module).save('model.pt')",
     kArrays},
    {kPickle, "is a Python pickle, which is not run here",
     "convert it once: tools/convert/edm_pickle.py {} --edm-code DIR --out model.safetensors", kArrays},
    {kCifarPickle, "is a batch of CIFAR's Python version (a pickle, which is not run here)", kIsData,
     "take CIFAR-10's binary version (cifar-10-binary.tar.gz, data_batch_1.bin ...): cifar:DIR"},
    {kGzip, "is compressed with gzip", "unpack it first (gunzip, or tar xzf for .tar.gz)",
     "unpack it first (gunzip, or tar xzf for .tar.gz)"},
    {kTar, "is a tar archive", kUnpack, kUnpack},
    {kOtherArchive, "is a compressed archive (xz, bzip2, zstd, 7z or rar)", kUnpack, kUnpack},
    {kIdx, "is an idx file of MNIST's kind", kIsData, "name its folder: mnist:DIR"},
    {kOnnx, "is ONNX", "not read here: export the network as TorchScript from the code that made it", kNoData},
    {kHdf5, "is HDF5", "not read here: only PyTorch networks are converted (tools/convert/edm_pickle.py)", kArrays},
    {kGguf, "is GGUF (weights of language models)", kNoModel, kNoData},
    {kParquet, "is a Parquet table", kNoModel, kArrays},
    {kPng, "is a PNG picture", "pictures are data, for --data", "name the folder of the pictures"},
    {kJpeg, "is a JPEG picture", "pictures are data, for --data", "name the folder of the pictures"},
    {kPdf, "is a PDF document", kNoModel, kNoData},
    {kElf, "is a program or library of this system (ELF)", kNoModel, kNoData},
};

bool may_be(FileKind found, FileKind expected) {
  if (found == kUnknown || found == expected) return true;
  if (expected == kText) return found == kJson || found == kEmpty;  // configs and lists say themselves what they lack
  return (expected == kIdx && found == kGzip) || (expected == kNpz && found == kZip);  // read as they are, or nearly so
}

// What a file of kind `found` is and the way out; `head` is its begin.
std::optional<std::string> words_for(FileKind found, FileKind expected, std::string_view head, std::string_view name) {
  if (may_be(found, expected)) return std::nullopt;
  const auto* words = std::ranges::find(kWords, found, &Words::kind);
  if (words == std::end(kWords)) return std::nullopt;
  std::string what = words->what;
  if (found == kText)
    what += fmt::format(": {}", quote(head.substr(0, head.find_first_of("\r\n"))));  // a server's reason?
  if (use_of(expected) == Use::kText) return what + "; a text file was expected here";
  std::string way_out = use_of(expected) == Use::kModel ? words->model : words->data;
  if (const size_t place = way_out.find("{}"); place != std::string::npos) way_out.replace(place, 2, name);
  return what + "; " + way_out;
}

std::string first_bytes_of(const fs::path& path) {
  std::string head(80, '\0');
  std::ifstream stream(path, std::ios::binary);
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(stream.gcount()));
  return head;
}

// The same of a file whose kind is known.
std::optional<std::string> words_for(const fs::path& path, FileKind found, FileKind expected) {
  return words_for(found, expected, found == kText ? first_bytes_of(path) : "", path.string());
}

}  // namespace

std::optional<std::string> wrong_file(const fs::path& path, FileKind expected) {
  return words_for(path, file_kind(path), expected);
}

std::optional<std::string> wrong_content(std::string_view bytes, FileKind expected, std::string_view name) {
  constexpr size_t kHead = 1024;
  return words_for(content_kind(bytes.substr(0, kHead)), expected, bytes.substr(0, 80), name);
}

void refuse_wrong_file(const fs::path& path, FileKind expected) {
  const FileKind found = file_kind(path);
  if (found == kCutZip || found == kFolder) return;  // the reader may know better, or refuses by itself
  if (const auto words = words_for(path, found, expected)) throw bad_file(path.string(), *words);
}

void throw_named(const fs::path& path, FileKind expected, const Error& refusal) {
  const bool about_content = refusal.code() == ExitCode::kBadFile || refusal.code() == ExitCode::kUsage;
  std::error_code unreadable;
  if (!about_content && !fs::is_directory(path, unreadable)) throw refusal;
  const FileKind found = file_kind(path);
  const auto words = words_for(path, found, expected);
  if (!words) throw refusal;
  const bool only_adds = found == kText || found == kEmpty;  // the reader's own reason says as much
  throw Error(refusal.code(), only_adds ? fmt::format("{} (it {})", refusal.what(), words->substr(0, words->find(';')))
                                        : fmt::format("{}: {}", path.string(), *words));
}

}  // namespace farfield

#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace farfield {

// What files people hand to this program turn out to be. Told from the first bytes, and of zip archives from the names of
// the members: nothing is run, unpickled or extracted.
enum class FileKind {
  kUnknown,
  kFolder,
  kEmpty,
  kText,  // printable, none of the following
  kJson,  // an object
  kWebPage,
  kLfsPointer,
  kSafetensors,
  kNpy,
  kNpz,
  kZip,     // none of the following
  kCutZip,  // begins as a zip archive, has no directory
  kTorchScript,
  kPackage,          // AOTInductor
  kExportedProgram,  // torch.export.save
  kTorchSave,        // a state dict or other plain content
  kPickledModule,    // torch.save of what names classes of its own: a whole module
  kPickle,
  kCifarPickle,  // a batch of CIFAR's Python version
  kGzip,
  kTar,
  kOtherArchive,  // xz, bzip2, zstd, 7z, rar
  kIdx,           // MNIST's
  kOnnx,
  kHdf5,
  kGguf,
  kParquet,
  kPng,
  kJpeg,
  kPdf,
  kElf,
};

// Of the first bytes alone; a zip archive is kZip, kTorchSave for those that torch wrote, or kNpz.
FileKind content_kind(std::string_view bytes);
// kUnknown also when it cannot be read, and for zip archives that ZipReader refuses.
FileKind file_kind(const std::filesystem::path& path);

}  // namespace farfield

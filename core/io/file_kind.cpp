#include "core/io/file_kind.h"

#include <algorithm>
#include <span>

#include "core/error.h"
#include "core/io/input_file.h"
#include "core/io/zip.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;
using enum FileKind;

constexpr uint64_t kHeadBytes = 1024;
constexpr size_t kTarMark = 257;  // where a tar archive says "ustar"

struct Magic {
  std::string_view start;
  FileKind kind;
};

// sizeof - 1: the starts hold zeros.
template <size_t N>
constexpr std::string_view bytes(const char (&text)[N]) {
  return {text, N - 1};
}

constexpr Magic kMagics[] = {
    {bytes("version https://git-lfs"), kLfsPointer},
    {bytes("\x93NUMPY"), kNpy},
    {bytes("\x1f\x8b"), kGzip},
    {bytes("\xFD"
           "7zXZ\0"),
     kOtherArchive},
    {bytes("BZh"), kOtherArchive},
    {bytes("\x28\xB5\x2F\xFD"), kOtherArchive},
    {bytes("7z\xBC\xAF\x27\x1C"), kOtherArchive},
    {bytes("Rar!\x1A\x07"), kOtherArchive},
    {bytes("\x89HDF\r\n\x1a\n"), kHdf5},
    {bytes("GGUF"), kGguf},
    {bytes("PAR1"), kParquet},
    {bytes("\x89PNG\r\n\x1a\n"), kPng},
    {bytes("\xFF\xD8\xFF"), kJpeg},
    {bytes("%PDF-"), kPdf},
    {bytes("\x7F"
           "ELF"),
     kElf},
    {bytes("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19."), kTorchSave},  // before torch 1.6
    {bytes("\0\0\x08\x01"), kIdx},
    {bytes("\0\0\x08\x03"), kIdx},
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string lower_start(std::string_view head) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (head.starts_with(kByteOrderMark)) head.remove_prefix(kByteOrderMark.size());
  const size_t start = head.find_first_not_of(" \t\r\n");
  std::string text(start == std::string_view::npos ? "" : head.substr(start, 64));
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_web_page(std::string_view head) {
  constexpr const char* kTags[] = {"<!doctype", "<html", "<head", "<body", "<?xml", "<script", "<!--"};
  const std::string start = lower_start(head);
  return std::ranges::any_of(kTags, [&](const char* tag) { return start.starts_with(tag); });
}

bool is_zip(std::string_view head) { return head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06"); }

bool is_text(std::string_view head) {
  return std::ranges::all_of(
      head, [](unsigned char c) { return c >= 0x20 ? c != 0x7F : c == '\n' || c == '\r' || c == '\t'; });
}

// A protobuf that opens with ONNX's ir_version and the name of what made it.
bool is_onnx(std::string_view head) {
  if (head.size() < 8 || head[0] != 0x08 || head[1] < 1 || head[1] > 32 || head[2] != 0x12) return false;
  const auto length = static_cast<uint8_t>(head[3]);
  if (length < 2 || length > 40 || head.size() < 4u + length) return false;
  return std::ranges::all_of(head.substr(4, length), [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
}

FileKind pickle_kind(std::string_view head) {
  const bool arrays = contains(head, "data") && contains(head, "numpy");
  return contains(head, "batch_label") || contains(head, "fine_labels") || arrays ? kCifarPickle : kPickle;
}

// By the name of the first member, which stands in a zip archive's first bytes.
FileKind zip_kind_of_start(std::string_view head) {
  constexpr size_t kNameAt = 30;
  const std::string_view name = head.substr(std::min(head.size(), kNameAt), 256);
  if (contains(name, "/data.pkl")) return kTorchSave;
  return contains(name, ".npy") ? kNpz : kZip;
}

bool is_dotted_name(std::string_view text) {
  return !text.empty() && text.size() < 200 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.'; });
}

// Whether `text`, which ends where a GLOBAL's module does, names one of those that plain tensors need. What stands before
// the module may look like a part of it.
bool is_plain_module(std::string_view text) {
  constexpr std::string_view kPlain[] = {
      "torch",   "torch._utils",          "torch.storage", "torch.serialization",   "collections", "numpy",
      "_codecs", "numpy.core.multiarray", "builtins",      "numpy._core.multiarray"};
  return std::ranges::any_of(kPlain, [&](std::string_view plain) {
    return text.ends_with(plain) && (text.size() == plain.size() || text[text.size() - plain.size() - 1] == 'c');
  });
}

// Whether a pickle names a class of its own: a GLOBAL ("c", module, newline, name, newline) of another module.
bool names_own_class(std::string_view pickle) {
  size_t at = pickle.find('c');
  while (at != std::string_view::npos) {
    const size_t end = pickle.find('\n', at);
    if (end == std::string_view::npos) return false;
    const std::string_view module = pickle.substr(at + 1, end - at - 1);
    const size_t name_end = pickle.find('\n', end + 1);
    const bool global = is_dotted_name(module) && name_end != std::string_view::npos &&
                        is_dotted_name(pickle.substr(end + 1, name_end - end - 1));
    if (global && !is_plain_module(module)) return true;
    at = pickle.find('c', global ? name_end : at + 1);
  }
  return false;
}

// Whether the record stands in the file's last bytes that ends every whole archive.
bool has_directory(const InputFile& file) {
  constexpr uint64_t kFarthest = 65535 + 22;  // a comment and the record
  std::string tail(std::min(file.size(), kFarthest), '\0');
  file.read(file.size() - tail.size(), std::as_writable_bytes(std::span(tail)));
  return contains(tail, "PK\x05\x06");
}

FileKind kind_of_members(const ZipReader& archive) {
  constexpr uint64_t kPickleLimit = uint64_t{1} << 26;
  std::string pickle;
  size_t arrays = 0;
  bool code = false, exported = false;
  for (const std::string& name : archive.names()) {
    if (contains(name, "data/aotinductor/")) return kPackage;
    exported |= contains(name, "serialized_exported_program") || name.ends_with("models/model.json");
    code |= contains(name, "/code/") || name.ends_with("/constants.pkl");
    if (name.ends_with("/data.pkl")) pickle = name;
    arrays += name.ends_with(".npy") ? 1 : 0;
  }
  if (exported) return kExportedProgram;
  if (!pickle.empty() && code) return kTorchScript;
  if (!pickle.empty()) return names_own_class(archive.read(pickle, kPickleLimit)) ? kPickledModule : kTorchSave;
  return arrays > 0 && arrays == archive.names().size() ? kNpz : kZip;
}

}  // namespace

FileKind content_kind(std::string_view head) {
  if (head.empty()) return kEmpty;
  for (const Magic& magic : kMagics) {
    if (head.starts_with(magic.start)) return magic.kind;
  }
  if (is_zip(head)) return zip_kind_of_start(head);
  if (head.size() > 1 && head[0] == '\x80' && head[1] >= 2 && head[1] <= 5) return pickle_kind(head);
  if (head.size() > kTarMark + 5 && head.substr(kTarMark, 5) == "ustar") return kTar;
  if (head.size() > 9 && head[8] == '{' && (head[9] == '"' || head[9] == '}')) return kSafetensors;
  if (is_web_page(head)) return kWebPage;
  if (is_onnx(head)) return kOnnx;
  if (!is_text(head)) return kUnknown;
  return lower_start(head).starts_with('{') ? kJson : kText;
}

FileKind file_kind(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return kFolder;
  try {
    const InputFile file(path);
    std::string head(std::min(file.size(), kHeadBytes), '\0');
    file.read(0, std::as_writable_bytes(std::span(head)));
    if (!is_zip(head)) return content_kind(head);
    return has_directory(file) ? kind_of_members(ZipReader(path)) : kCutZip;
  } catch (const Error&) {
    return kUnknown;
  }
}

}  // namespace farfield

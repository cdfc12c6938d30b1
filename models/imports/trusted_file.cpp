#include "models/imports/trusted_file.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "core/error.h"
#include "core/io/file.h"

namespace farfield {
namespace {

// The hash in FILE.sha256, as `sha256sum FILE > FILE.sha256` writes it; "" without that file.
std::string sidecar_hash(const std::filesystem::path& path) {
  const std::filesystem::path sidecar = path.string() + ".sha256";
  if (!std::filesystem::exists(sidecar)) return "";
  const std::string text = read_file(sidecar, 4096);
  const std::string hash = text.substr(0, text.find_first_of(" \t\r\n"));
  const bool is_hash = hash.size() == 64 && hash.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (!is_hash) throw bad_file(sidecar.string(), "expected 64 hexadecimal digits of a SHA-256");
  return hash;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

void check_trust(const std::filesystem::path& path, std::string_view bytes, const std::string& pinned_sha256,
                 bool trust) {
  const std::string sidecar = sidecar_hash(path);
  if (!trust && pinned_sha256.empty()) {
    throw Error(ExitCode::kTrust,
                fmt::format("{}: TorchScript and .pt2 files run code; give --trust, or pin it with {},sha256={}",
                            path.string(), path.string(), sha256(bytes)));
  }
  if (pinned_sha256.empty() && sidecar.empty()) return;
  const std::string found = sha256(bytes);
  for (const auto& [expected, source] : {std::pair{pinned_sha256, "sha256="}, {sidecar, "its .sha256 file"}}) {
    if (!expected.empty() && lower_case(expected) != found) {
      throw Error(ExitCode::kTrust, fmt::format("{}: has SHA-256 {}, but {} says {}; it was not opened", path.string(),
                                                found, source, expected));
    }
  }
}

PrivateCopy::PrivateCopy(std::string_view bytes, const std::string& file_name) {
  std::string name = (std::filesystem::temp_directory_path() / "farfield-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw io_error(name, errno);
  folder_ = name;
  path_ = folder_ / file_name;
  try {
    write_file_atomically(path_, bytes);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
    throw;
  }
}

PrivateCopy::~PrivateCopy() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace farfield

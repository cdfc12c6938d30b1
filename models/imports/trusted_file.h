#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace farfield {

constexpr uint64_t kLargestImport = uint64_t{1} << 36;  // bytes of a file that is read whole

// A file whose format runs code (TorchScript, .pt2) is opened only with the user's consent: --trust, or the SHA-256 the
// user pinned. `bytes` is what was read from `path`, and what is to be parsed: a file that changes between two reads
// cannot pass with another one's hash. Error(kTrust) without consent, or when the pinned hash or that of FILE.sha256
// beside it differs.
void check_trust(const std::filesystem::path& path, std::string_view bytes, const std::string& pinned_sha256,
                 bool trust);

// A private copy of bytes, for loaders that want a path; gone with this object. io_error when it cannot be written.
class PrivateCopy {
 public:
  PrivateCopy(std::string_view bytes, const std::string& file_name);
  ~PrivateCopy();
  PrivateCopy(const PrivateCopy&) = delete;
  PrivateCopy& operator=(const PrivateCopy&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path folder_, path_;  // the folder is ours alone (mode 0700)
};

}  // namespace farfield

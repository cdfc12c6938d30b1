#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace farfield {

// A file whose format runs code (TorchScript, .pt2) is opened only with the user's consent: --trust, or the SHA-256 the
// user pinned. Returns whether its bytes are known to be the intended ones (the pinned hash, or that of FILE.sha256
// beside it, was compared before anything is parsed). Error(kTrust) without consent or when a hash differs.
bool check_trust(const std::filesystem::path& path, const std::string& pinned_sha256, bool trust);

// Runs `load` in a child process first, so that a damaged file cannot take this process down; bad_file when the child
// crashes or takes more than a minute. Errors that `load` throws are left for the real attempt to report.
void probe_in_child(const std::filesystem::path& path, const std::function<void()>& load);

}  // namespace farfield

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace farfield {

// A text that is never whole in memory: hands its parts over one after the other. A part lives as long as that call.
using TextParts = std::function<void(const std::function<void(std::string_view)>& take)>;

// Replaces or creates `path` with `bytes` so that a reader sees the old file or the new one, never a part, also after
// a crash or power loss: write PATH.tmp.PID (O_EXCL), fsync, close, rename, fsync the folder. Short writes and EINTR
// are retried; a symbolic link is followed. On failure (io_error with the system's reason) the old file is untouched
// and the temporary is gone; only when the last step fails is the new file in place, whole, with an error that says its
// survival of a power loss is unknown. io_error also when `path` is a folder, pipe or device. Calls of one process
// take turns.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);
void write_file_atomically(const std::filesystem::path& path, const TextParts& parts);

// The whole regular file; io_error when it cannot be read or is no regular file, bad_file when larger than
// `limit_bytes`.
std::string read_file(const std::filesystem::path& path, uint64_t limit_bytes);

// Removes temporaries (NAME.tmp.PID) that dead processes of this machine left in `folder`. Those of living ones stay,
// and so does whatever cannot be removed.
void remove_stale_temporaries(const std::filesystem::path& folder);

// Lower-case hexadecimal SHA-256 of bytes, of text, of a regular file (io_error when it cannot be read).
std::string sha256(std::span<const std::byte> bytes);
std::string sha256(std::string_view text);
std::string sha256_file(const std::filesystem::path& path);

}  // namespace farfield

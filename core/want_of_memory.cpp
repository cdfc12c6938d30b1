#include "core/want_of_memory.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <new>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/error.h"

namespace farfield {
namespace {

std::atomic<std::size_t> refused_bytes{0};

// What libraries say, in parts that have stayed the same over their versions. oneDNN names no reason for a primitive that
// it could not make: its kinds are those that networks use everywhere, so that only memory can be missing.
constexpr std::array<std::string_view, 8> kMemoryWords = {
    "can't allocate memory", "out of memory",      "could not create a primitive", "could not create a memory",
    "Insufficient memory",   "Failed to allocate", "Cannot allocate memory",       "std::bad_alloc"};

bool is_refused_by_system(const std::exception& error) {
  const auto* refused = dynamic_cast<const std::system_error*>(&error);
  return refused != nullptr && (refused->code() == std::errc::not_enough_memory ||
                                refused->code() == std::errc::resource_unavailable_try_again);
}

bool by_new(const std::exception& error) { return dynamic_cast<const std::bad_alloc*>(&error) != nullptr; }

// "4096 bytes" or "2.50 GiB" behind "allocate ", as LibTorch and OpenCV say it; "" where they do not.
std::string size_in(const std::string& text) {
  constexpr std::string_view kMark = "allocate ";
  for (size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at + 1)) {
    const size_t number = at + kMark.size(), unit = text.find_first_not_of("0123456789.", number);
    if (unit == number || unit == std::string::npos || text[unit] != ' ') continue;
    return text.substr(number, text.find_first_of(" .,(", unit + 1) - number);
  }
  return "";
}

std::string refused_size(const std::exception& error) {
  std::string said = size_in(words_of(error));
  if (!said.empty()) return said;
  const std::size_t noted = refused_bytes;
  return by_new(error) && noted > 0 ? fmt::format("{} bytes", noted) : "";
}

// "; this process holds 590 MiB of the 600 that it may hold (ulimit -v)", where there is such a limit.
std::string room() {
  rlimit limit{};
  uint64_t pages = 0;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return "";
  std::ifstream("/proc/self/statm") >> pages;
  const uint64_t held = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return fmt::format("; this process holds {} MiB of the {} that it may hold (ulimit -v)", held >> 20,
                     limit.rlim_cur >> 20);
}

}  // namespace

bool is_want_of_memory(const std::exception& error) {
  if (const auto* ours = dynamic_cast<const Error*>(&error)) return ours->code() == ExitCode::kMemory;
  if (by_new(error) || is_refused_by_system(error)) return true;
  const std::string text = words_of(error);
  return std::ranges::any_of(kMemoryWords,
                             [&](std::string_view words) { return text.find(words) != std::string::npos; });
}

std::string describe_want_of_memory(const std::exception& error) {
  if (const auto* ours = dynamic_cast<const Error*>(&error)) return ours->what();
  std::string what = words_of(error);
  if (const std::string size = refused_size(error); !size.empty())
    what = size + " were refused";
  else if (is_refused_by_system(error))
    what += " (a thread or a mapping was refused)";
  else if (by_new(error))
    what = "an allocation was refused";
  return fmt::format("out of memory: {}{}; a smaller --batch or fewer --threads need less", what, room());
}

void pass_on_want_of_memory(const std::exception& error) {
  if (is_want_of_memory(error)) throw Error(ExitCode::kMemory, describe_want_of_memory(error));
}

void require_memory(std::size_t bytes) {
  void* volatile block = std::malloc(bytes);  // volatile: a compiler may take the pair of calls away
  if (block == nullptr) {
    throw Error(ExitCode::kMemory, fmt::format("out of memory: {} bytes were refused{}", bytes, room()));
  }
  std::free(block);
}

void note_refused_bytes(std::size_t bytes) { refused_bytes = bytes; }

}  // namespace farfield

#include "core/device.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <thread>

#include <sched.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/cpu/Utils.h>
#include <fmt/format.h>

#include "core/comm.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {
namespace {

int device_count() { return at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().deviceCount()) : 0; }

// Cores of the affinity mask, lowered to the cgroup's CPU quota (v2, then v1).
int usable_cores() {
  cpu_set_t mask;
  int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (sched_getaffinity(0, sizeof(mask), &mask) == 0) cores = CPU_COUNT(&mask);
  double quota = -1, period = -1;
  if (std::ifstream file("/sys/fs/cgroup/cpu.max"); file) {
    file >> quota >> period;  // "max 100000" leaves quota at 0 with failbit
    if (!file) quota = -1;
  } else {
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  }
  if (quota > 0 && period > 0) cores = std::min(cores, std::max(1, static_cast<int>(std::ceil(quota / period))));
  return cores;
}

// mpirun may have bound each rank to cores of its own; ranks that were left free share.
int cores_of_this_rank() {
  const int usable = usable_cores();
  const bool bound = usable < static_cast<int>(std::thread::hardware_concurrency());
  return bound ? usable : std::max(1, usable / ranks_here());
}

}  // namespace

torch::Device parse_device(std::string_view text) {
  if (text == "auto") return device_count() > 0 ? parse_device("cuda") : torch::Device(torch::kCPU);
  if (text == "cpu") return torch::kCPU;
  const bool cuda = text == "cuda" || text.substr(0, 5) == "cuda:";
  if (!cuda) throw usage_error(fmt::format("device '{}': write auto, cpu, cuda or cuda:N", text));
  const int64_t index = text == "cuda" ? rank_here() % std::max(1, device_count())
                                       : parse_int(text.substr(5), "device index");
  if (index < 0 || index >= device_count()) {
    throw usage_error(
        fmt::format("device '{}': this machine and LibTorch build offer {} CUDA device(s); write --device cpu", text,
                    device_count()));
  }
  return {torch::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

Precision parse_precision(std::string_view text, torch::Device device) {
  static const std::vector<std::string> names = {"auto", "fp32", "bf16", "tf32"};
  if (text == "auto") {
    const bool matrix_units = device.is_cuda() || cpu_has_bf16_matrix_units();
    return matrix_units ? Precision::kBf16 : Precision::kFp32;
  }
  if (text == "fp32") return Precision::kFp32;
  if (text == "bf16") return Precision::kBf16;
  if (text == "tf32") {
    if (!device.is_cuda()) throw usage_error("precision 'tf32' needs a CUDA device; write --precision fp32");
    return Precision::kTf32;
  }
  throw usage_error(unknown_name("precision", text, names));
}

std::string_view to_string(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return "fp32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kTf32:
      return "tf32";
  }
  return "?";
}

bool cpu_has_bf16_matrix_units() {
#if defined(__x86_64__) && (!defined(__clang__) || __clang_major__ >= 19)  // older clangs do not know the names
  return __builtin_cpu_supports("amx-tile") != 0 && __builtin_cpu_supports("amx-bf16") != 0;
#else
  return false;
#endif
}

void set_threads(int threads) {
  if (threads < 0 || threads > limits::kMostThreads) {
    throw usage_error(fmt::format("threads: {} is not in 0 ... {}", threads, limits::kMostThreads));
  }
  at::set_num_threads(threads == 0 ? cores_of_this_rank() : threads);
  at::set_num_interop_threads(1);
}

}  // namespace farfield

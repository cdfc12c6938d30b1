#pragma once

#include <string>
#include <string_view>

#include <torch/types.h>

namespace farfield {

// How a network computes; solver state and analytic denoisers do not depend on it (docs/conventions.md).
//   kFp32: everything float32. kBf16: convolutions and linears in bfloat16; norms, embeddings, soft-max and
//   preconditioning in float32. kTf32: float32 with TF32 matrix units (CUDA only).
enum class Precision { kFp32, kBf16, kTf32 };

// "auto" (CUDA when there is one, else the CPU), "cpu", "cuda", "cuda:N". usage_error for anything else or a
// device that is not there. The ranks of a group that share a machine take its CUDA devices in turn unless N is given.
torch::Device parse_device(std::string_view text);

// "auto", "fp32", "bf16", "tf32". Auto is bf16 only where the hardware has matrix units for it (CUDA from
// compute capability 8 on, AMX), else fp32: bf16 without them is slower than fp32.
Precision parse_precision(std::string_view text, torch::Device device);
std::string_view to_string(Precision precision);

// True when this CPU has AMX bf16 tiles that the system lets us use.
bool cpu_has_bf16_matrix_units();

// Sets torch's intra-op threads (0: one per core this process may use, cgroup limits included; where several ranks of a
// group may use all cores of this machine, its share of them) and one inter-op thread. To be called once, before the first tensor operation.
void set_threads(int threads);

}  // namespace farfield

#include <cstdio>
#include <filesystem>

#include <ATen/Config.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/types.h>
#include <unistd.h>

#include "core/comm.h"
#include "core/device.h"
#include "core/run/run_info.h"
#include "tools/command.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

bool writable(const std::filesystem::path& folder) { return access(folder.c_str(), W_OK) == 0; }

void print_findings() {
  const auto device = parse_device("auto");
  const auto precision = parse_precision("auto", device);
  fmt::print("{}\n", version_line());
  fmt::print("cpu         {} capability, {} thread(s), bf16 matrix units: {}\n", at::get_cpu_capability(),
             at::get_num_threads(), cpu_has_bf16_matrix_units() ? "yes (AMX)" : "no");
  fmt::print("device      auto is {}; precision auto is {}\n", device.str(), to_string(precision));
  fmt::print("libraries   MKL {}, oneDNN {}, LAPACK {}\n", at::hasMKL() ? "yes" : "no", at::hasMKLDNN() ? "yes" : "no",
             at::hasLAPACK() ? "yes" : "no");
  const auto groups = group_support();
  fmt::print("ranks       {}\n", groups.empty()
                                     ? "no MPI: one process (install libopenmpi-dev openmpi-bin and build again)"
                                     : groups + ": mpirun -n N farfield train, sample, compare, fit, data stats");
  const auto here = std::filesystem::current_path();
  print_line(fmt::format("folder      {} is {}", here.string(),
                         writable(here) ? "writable" : "NOT writable; name --out elsewhere"));
}

}  // namespace

void add_doctor_command(CLI::App& app, Context& context) {
  CLI::App* command = add_command(app, context, "doctor", "Says what this machine and build can do.",
                                  "  farfield doctor\n  farfield doctor --json\n", [&context] {
    if (context.json) {
      fmt::print("{}\n", platform_json());
    } else {
      print_findings();
    }
  });
  command->add_flag("--json", context.json, "the findings on stdout as JSON");
  add_threads_option(*command, context);
}

}  // namespace farfield::tools

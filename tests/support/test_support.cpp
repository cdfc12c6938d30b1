#include "tests/support/test_support.h"

#include <sys/resource.h>
#include <unistd.h>
#include <cstdlib>
#include <fstream>
#include <limits>

namespace farfield::test {
namespace fs = std::filesystem;
namespace {

std::optional<fs::path> folder(const char* variable, const char* beside_checkout) {
  const char* set = std::getenv(variable);
  const fs::path path = set != nullptr ? fs::path(set) : fs::path(FARFIELD_SOURCE_DIR) / ".." / beside_checkout;
  if (fs::is_directory(path)) return fs::canonical(path);
  return std::nullopt;
}

}  // namespace

TempDir::TempDir() {
  std::string name = (fs::temp_directory_path() / "farfield-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw io_error("mkdtemp", errno);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::optional<fs::path> golden_dir() { return folder("FARFIELD_GOLDEN", "shared/golden"); }
std::optional<fs::path> data_dir() { return folder("FARFIELD_DATA", "shared/data"); }

double deviation(const torch::Tensor& a, const torch::Tensor& b) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  if (a.sizes() != b.sizes()) return kInfinite;
  if (a.numel() == 0) return 0;
  const auto left = a.to(torch::kFloat64).cpu(), right = b.to(torch::kFloat64).cpu();
  const double worst = ((left - right).abs() / right.abs().clamp_min(1)).max().item<double>();
  return std::isfinite(worst) ? worst : kInfinite;
}

double relative_deviation(const torch::Tensor& a, const torch::Tensor& b) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  if (a.sizes() != b.sizes()) return kInfinite;
  const auto left = a.to(torch::kFloat64).cpu(), right = b.to(torch::kFloat64).cpu();
  const double worst = ((left - right).abs().max() / right.abs().max()).item<double>();
  return std::isfinite(worst) ? worst : kInfinite;
}

std::optional<std::string> python() {
  std::string command = std::getenv("PYTHON") != nullptr ? std::getenv("PYTHON") : "";
  std::ifstream choices(FARFIELD_SOURCE_DIR "/.venv/farfield-env");
  for (std::string line; command.empty() && std::getline(choices, line);) {
    if (line.rfind("PYTHON=", 0) == 0) command = line.substr(7);
  }
  if (command.empty()) return std::nullopt;
  command = "'" + command + "'";
  if (std::system((command + " -c 'import numpy' 2>/dev/null").c_str()) != 0) return std::nullopt;
  return command;
}

void limit_more_memory_to(uint64_t bytes) {
  uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t limit = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) + bytes;
  const rlimit both = {limit, limit};
  if (setrlimit(RLIMIT_AS, &both) != 0) throw io_error("setrlimit", errno);
}

}  // namespace farfield::test

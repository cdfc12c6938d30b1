#include "tests/support/reference_calls.h"

#include <filesystem>

#include <fmt/format.h>

#include "core/io/npy.h"
#include "tests/support/test_support.h"

namespace farfield::test {

std::map<std::string, std::string> needed_options(const std::string& kind, const std::vector<int64_t>& shape) {
  if (kind == "mixture") return {{"components", "3"}};
  if (kind == "smoothed" || kind == "piecewise") return {{"tau", "0.3"}};
  if (kind != "pspc-flex") return {};
  static const TempDir folder;
  const int64_t height = shape.at(1), width = shape.at(2);
  const auto file = folder / fmt::format("heat-{}x{}.npy", height, width);
  if (!std::filesystem::exists(file)) {
    const auto heat = torch::arange(1, height * width * height * width + 1, torch::kFloat64).sin().square();
    write_npy(file, heat.reshape({height, width, height, width}));
  }
  return {{"heat", file.string()}};
}

}  // namespace farfield::test

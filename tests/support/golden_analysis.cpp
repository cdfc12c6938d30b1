#include "tests/support/golden_analysis.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "core/io/npz.h"

namespace farfield::test {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

fs::path folder() {
  const char* named = std::getenv("FARFIELD_GOLDEN_ANALYSIS");
  return named != nullptr ? fs::path(named) : fs::path(FARFIELD_SOURCE_DIR) / ".." / "shared" / "golden-analysis";
}

std::map<std::string, torch::Tensor> arrays_of(const json& names, const std::map<std::string, torch::Tensor>& file) {
  std::map<std::string, torch::Tensor> arrays;
  for (const auto& [name, entry] : names.items()) {
    arrays[name] = file.at(entry.at("array").get<std::string>()).reshape(entry.at("shape").get<std::vector<int64_t>>());
  }
  return arrays;
}

}  // namespace

std::vector<AnalysisCase> analysis_cases(const std::string& group) {
  std::ifstream stream(folder() / "index.json");
  if (!stream) return {};
  std::vector<AnalysisCase> cases;
  std::map<std::string, std::map<std::string, torch::Tensor>> files;
  const json index = json::parse(stream);
  for (const json& entry : index.at("cases")) {
    if (entry.at("group") != group) continue;
    const std::string file = entry.at("file");
    if (files.count(file) == 0) files[file] = read_npz(folder() / file);
    const std::string note = entry.value("tolerance_note", "");
    cases.push_back({entry.at("id"), entry.at("kind"), entry.value("params", json::object()),
                     arrays_of(entry.at("inputs"), files[file]), arrays_of(entry.at("outputs"), files[file]),
                     entry.at("tolerance"), note.find("relative to the largest entry") != std::string::npos});
  }
  return cases;
}

void expect_golden(const AnalysisCase& golden, const std::string& output, const torch::Tensor& value) {
  const torch::Tensor expected = golden.outputs.at(output).to(torch::kFloat64), got = value.to(torch::kFloat64);
  ASSERT_EQ(got.sizes(), expected.sizes()) << golden.id << " " << output;
  if (expected.numel() == 0) return;
  ASSERT_TRUE(got.isfinite().all().item<bool>()) << golden.id << " " << output;
  const double largest = expected.abs().max().item<double>();
  EXPECT_LE((got - expected).abs().max().item<double>(),
            golden.tolerance * (golden.relative ? largest : std::max(1.0, largest)))
      << golden.id << " " << output;
}

}  // namespace farfield::test

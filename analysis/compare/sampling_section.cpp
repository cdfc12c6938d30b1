#include "analysis/compare/sampling_section.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/compare/evaluations_figure.h"
#include "analysis/page/format.h"
#include "analysis/page/sample_figure.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/text.h"

namespace farfield {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr uint64_t kJsonBytes = uint64_t{1} << 24;

struct SampleRun {
  std::string name;
  torch::Tensor x;      // [n, ...shape] float64
  torch::Tensor seeds;  // [n] int64
  json settings;        // run.json
};

SampleRun read_run(const fs::path& folder) {
  const auto arrays = read_npz(folder / "samples.npz");
  const auto array = [&](const char* name) {
    const auto found = arrays.find(name);
    if (found == arrays.end())
      throw bad_file((folder / "samples.npz").string(), fmt::format("has no array '{}'", name));
    return found->second;
  };
  SampleRun run{folder.filename().string(), array("x").to(torch::kFloat64), array("seeds").to(torch::kInt64),
                json::object()};
  if (run.x.dim() < 2 || run.seeds.dim() != 1 || run.x.size(0) != run.seeds.size(0) || run.x.size(0) == 0) {
    throw bad_file((folder / "samples.npz").string(), "x and seeds do not belong together; expected [N,...] and [N]");
  }
  run.settings = parse_json(read_file(folder / "run.json", kJsonBytes), (folder / "run.json").string());
  if (!run.settings.is_object()) throw bad_file((folder / "run.json").string(), "is no JSON object");
  return run;
}

// A number or text of run.json as people read it; "" where there is none.
std::string setting(const SampleRun& run, const std::string& pointer) {
  const json::json_pointer place(pointer);
  if (!run.settings.contains(place)) return "";
  const json& value = run.settings.at(place);
  if (value.is_number_float()) return format_sigma(value.get<double>());
  if (value.is_number() || value.is_boolean()) return dump_json(value);
  return value.is_string() ? value.get<std::string>() : "";
}

std::vector<std::string> captions(const SampleRun& run) {
  std::vector<std::string> how;
  if (const auto solver = setting(run, "/solver"); !solver.empty()) how.push_back(solver);
  if (const auto schedule = setting(run, "/schedule"); !schedule.empty()) how.push_back(schedule + " schedule");
  const json levels = run.settings.value("/sampling/levels_run"_json_pointer, json::array());
  if (levels.size() > 1) how.push_back(fmt::format("{} steps", levels.size() - 1));
  std::vector<std::string> lines = {join(how, ", ")};
  if (const auto sigma = setting(run, "/sampling/teleport"); !sigma.empty()) {
    lines.push_back("teleported to σ = " + sigma + " by the Gaussian's closed form");
  }
  const std::string nfe = setting(run, "/result/nfe_per_sample");
  const json seconds = run.settings.value("/result/seconds"_json_pointer, json());
  if (!nfe.empty()) {
    lines.push_back(nfe + " NFE" + (seconds.is_number() ? ", " + format_seconds(seconds.get<double>()) : ""));
  }
  return lines;
}

int64_t evaluations_of(const SampleRun& run) {
  const json nfe = run.settings.value("/result/nfe_per_sample"_json_pointer, json());
  return nfe.is_number_integer() ? nfe.get<int64_t>() : 0;
}

// The mean square difference of every seed that both runs have, [shared] float64; empty when none is shared.
torch::Tensor squares_between(const SampleRun& run, const SampleRun& other) {
  std::vector<double> squares;
  if (run.x.sizes().slice(1) == other.x.sizes().slice(1)) {
    std::map<int64_t, int64_t> place;
    for (int64_t i = 0; i < other.seeds.size(0); ++i) place[other.seeds[i].item<int64_t>()] = i;
    for (int64_t i = 0; i < run.seeds.size(0); ++i) {
      const auto found = place.find(run.seeds[i].item<int64_t>());
      if (found == place.end()) continue;
      squares.push_back((run.x[i] - other.x[found->second]).square().mean().item<double>());
    }
  }
  return torch::tensor(squares, torch::kFloat64);
}

// The run with the most evaluations stands for the solution; its place.
size_t teacher_of(const std::vector<SampleRun>& runs) {
  const auto most = std::max_element(runs.begin(), runs.end(), [](const SampleRun& a, const SampleRun& b) {
    return evaluations_of(a) < evaluations_of(b);
  });
  return static_cast<size_t>(most - runs.begin());
}

// Runs with a caption of their distance from the teacher, and those numbers for the figure.
struct Distances {
  std::vector<SampleSet> sets;
  std::vector<RunError> errors;
};

Distances measure(const std::vector<SampleRun>& runs) {
  const size_t teacher = teacher_of(runs);
  Distances result;
  for (size_t i = 0; i < runs.size(); ++i) {
    SampleSet set{runs[i].name, "network", runs[i].x, captions(runs[i])};
    const auto squares = i == teacher ? torch::Tensor() : squares_between(runs[i], runs[teacher]);
    if (squares.defined() && squares.numel() > 0) {
      const RmsError error = rms_error(squares);
      set.captions.push_back(fmt::format("rms difference to {}: {} ({} seeds)", runs[teacher].name,
                                         format_digits(error.rms, 2), squares.numel()));
      result.errors.push_back(
          {runs[i].name, join(captions(runs[i]), "; "), evaluations_of(runs[i]), squares.numel(), error});
    }
    result.sets.push_back(std::move(set));
  }
  return result;
}

}  // namespace

void add_sampling_section(Report& report, const std::vector<fs::path>& folders) {
  std::vector<SampleRun> runs;
  for (const fs::path& folder : folders)
    runs.push_back(read_run(folder.has_filename() ? folder : folder.parent_path()));
  const Distances distances = measure(runs);
  report.section("Samples of earlier runs");
  const std::string title = distances.errors.empty() ? "Samples"
                                                     : fmt::format("The same seeds, sampled {} ways", runs.size());
  report.figure(sample_figure(title,
                              "Same seeds at the same places. The difference is the root mean square over all "
                              "numbers of the shared seeds' samples, in units of the data ([−1, 1] for images).",
                              distances.sets));
  if (distances.errors.size() < 2) return;
  const SampleRun& teacher = runs[teacher_of(runs)];
  report.figure(
      evaluations_figure(distances.errors, fmt::format("{} ({} evaluations)", teacher.name, evaluations_of(teacher))));
}

}  // namespace farfield

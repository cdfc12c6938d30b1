#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// A schedule that was found: `levels` are those of the grid at `indices`.
struct GitsSchedule {
  int64_t nfe = 0;  // evaluations at one a step, the free first one of AFS not counted
  std::vector<int64_t> indices;
  std::vector<double> levels;
  double cost = 0;  // of the way without the level that AFS adds
};

// What a schedule search leaves: a JSON file whose bytes depend on the search alone (docs/formats.md).
struct GitsFile {
  std::string model, model_sha256;  // the MODEL as it was named; model_sha256() of models/registry/model_registry.h
  std::string teacher, grid;        // SOLVER[,options] and the grid's schedule in words
  std::string metric, student;      // student: of AFS; empty without
  std::string seeds, precision;
  double gamma = 0;
  std::string gamma_form = "computed";  // samplers/gits/gamma_form.h; only "printed" is written
  std::vector<double> levels;           // the teacher's grid
  std::vector<GitsSchedule> schedules = {};
  std::vector<std::vector<double>> costs = {};  // row i holds the jumps from i to i + 1 ... T - 1
};

std::string serialize_gits(const GitsFile& file);
// bad_file for anything that serialize_gits() would not have written: another format, missing or further keys, numbers
// out of place, levels that do not fall or are not those of the grid at the indices.
GitsFile read_gits(const std::filesystem::path& path);

// Searches that are built in, by name: cifar10-edm, of Chen et al. 2024, table 10 (EDM's CIFAR-10 network, 61 polynomial
// levels from 80 to 0.002). nullptr for any other name. A published one has neither costs nor the model's SHA-256.
const GitsFile* built_in_gits(std::string_view name);

// The levels of the schedule of `steps` steps. usage_error naming the lengths there are.
const std::vector<double>& gits_levels(const GitsFile& file, int64_t steps, const std::string& name);

}  // namespace farfield

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "samplers/gits/gits_search.h"
#include "samplers/model_levels.h"
#include "samplers/recorded_model.h"

namespace farfield {

// What `farfield schedule search` and Python's search_schedule() are asked for.
struct SearchOptions {
  std::string nfe = "3-10";             // parse_nfe()
  std::string metric = "dev";           // parse_gits_metric()
  std::string teacher = "ipndm4";       // SOLVER[,option=value...] over the whole grid
  ScheduleRequest grid;                 // the teacher's levels: a formula without steps, or file:PATH
  std::optional<int64_t> points;        // how many of a formula [61]
  int64_t warmup = 256;                 // teacher trajectories, of seeds 0, 1, ...
  std::optional<std::string> seeds;     // their seeds one by one, parse_seeds()
  double gamma = 1.15;                  // weight of a step over the one before it
  std::string gamma_form = "computed";  // parse_gamma_form()
  bool per_sample = false;              // the schedules of every trajectory alone, too; without AFS
  bool afs = false;                     // one level more, for a student that takes its first step without an evaluation
  std::optional<std::string> student;   // who will use the schedules [ipndm4]
  int64_t batch = 64;                   // trajectories at a time
  torch::Device device = torch::kCPU;

  std::string seed_text() const;
  std::string student_text() const { return student.value_or("ipndm4"); }
  // usage_error for texts that cannot be read; no model is needed.
  void validate() const;
};

// A search that was made.
struct SearchResult {
  std::shared_ptr<const Solver> student;  // who will use the schedules
  GitsRequest request;
  GitsSearch search;
  GitsFile file;  // what is written, and read as gits:FILE
  // With per_sample, for each of request.nfe: [N, nfe + 1] int64, indices of the grid, a row a seed.
  std::vector<torch::Tensor> per_sample;
};

// Whether `path` is a file that a search wrote.
bool is_search_file(const std::filesystem::path& path);

// What gits_search() is asked for; `student`: of AFS, or nullptr. usage_error as validate().
GitsRequest search_request(const SearchOptions& options, const Solver* student, const DenoiserInfo& model);

SearchResult run_search(const RecordedModel& model, const SearchOptions& options);

}  // namespace farfield

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/paths/part_store.h"
#include "analysis/quality/set_measures.h"
#include "analysis/study/study.h"
#include "analysis/study/study_file.h"
#include "core/comm.h"
#include "core/math/gaussian_stats.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"
#include "samplers/recorded_model.h"

namespace farfield {

// What `farfield study` and Python's study() are asked for.
struct StudyOptions {
  std::vector<std::string> solvers = {"all"};  // SOLVER[,option=value...]; all: study_solvers()
  std::vector<std::string> schedules = {"polynomial", "logsnr", "vp_uniform"};
  std::string nfe = "4,6,8,10,12,16,20,30", seeds = "0-15";  // parse_nfe(), parse_seeds()
  std::optional<GaussianStats> gaussian;                     // every run is tried teleported, too
  std::string teleport = "auto";                             // its level, or auto: the lowest the Gaussian explains
  std::optional<int64_t> teleport_sweep;                     // steps of the schedules
  SetMeasureRequest measure = {};                            // of the ends against data, too
  std::string reference = StudyRequest().reference;
  std::optional<int64_t> label;
  int64_t batch = 64;
  torch::Device device = torch::kCPU;

  // The request without its teleport and measures; usage_error for texts that cannot be read.
  StudyRequest request() const;
};

// A study that was made.
struct StudyResult {
  std::string model, model_sha256;
  StudyRequest request;
  std::string seeds;  // as they were named
  Study study;
  StudyAdvice advice;
};

// The root's result is whole, the other ranks have no measures.
StudyResult run_study(const RecordedModel& model, const StudyOptions& options, const PartStore& parts = {},
                      Comm& comm = alone());

// Writes study.json and what write_study_report() writes, and commits the folder. `gaussian`: what it was called, "" for
// none. `info`: begun by the caller, with the inputs of the call.
void save_study(const StudyResult& result, const std::string& gaussian, const RunCall& call, RunInfo info,
                RunFolder& folder);

}  // namespace farfield

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/study/study.h"

namespace farfield {

// What `sample --solver auto` needs of a study.
struct Advice {
  std::string solver, schedule;
  int64_t steps = 0, nfe = 0;
  std::optional<double> teleport = {};  // the level to start from by the Gaussian's closed form
  double rms = 0;
  std::vector<std::pair<std::string, double>> measures = {};  // name and value, of studies that measured
};

struct StudyAdvice {
  std::string model, model_sha256;
  struct Budget {
    int64_t nfe = 0;
    Advice plain;                                                 // from noise
    std::optional<Advice> teleported = {};                        // where it is better than `plain`
    std::vector<std::pair<std::string, Advice>> by_measure = {};  // the best by each measure, teleported or not
  };
  std::vector<Budget> budgets = {};  // rising
};

StudyAdvice advise(const Study& study, const StudyRequest& request, const std::string& model);

// study.json (docs/formats.md): text, and back. bad_file for anything that serialize_advice() would not have written.
std::string serialize_advice(const StudyAdvice& advice);
StudyAdvice read_advice(const std::filesystem::path& path);

// The best within `nfe` evaluations. usage_error when the study has no budget as small.
Advice advice_within(const StudyAdvice& advice, int64_t nfe, bool teleported);
// The same of the study.json `file`, for a MODEL. usage_error when it is a study of another model.
Advice advice_for(const std::filesystem::path& file, const std::string& model, int64_t nfe, bool teleported);

}  // namespace farfield

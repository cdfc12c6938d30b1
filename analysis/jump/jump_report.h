#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/jump/jump.h"
#include "analysis/jump/slopes.h"
#include "analysis/page/report.h"
#include "core/run/run_folder.h"

namespace farfield {

// What a person wants to know about how a measurement of jumps came about.
struct JumpStory {
  std::string model;   // its name in titles
  std::string solver;  // as it was named
  std::string data;    // its name; "": none
  std::vector<int64_t> seeds;
  PathSpace space = PathSpace::kVe;
  Provenance how;
};

// The answer in a sentence, with its numbers.
std::string jump_headline(const Jump& jump);

// Writes jump.csv, jump.npz, summary.json, report.html and, with slopes, slopes.csv into `folder`.
void write_jump(const Jump& jump, const std::optional<Slopes>& slopes, const JumpStory& story, const RunFolder& folder);

}  // namespace farfield

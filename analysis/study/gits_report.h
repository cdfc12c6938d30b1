#pragma once

#include <string>
#include <vector>

#include "analysis/page/report.h"
#include "analysis/study/student_errors.h"
#include "core/run/run_folder.h"
#include "samplers/schedules/gits_file.h"

namespace farfield {

// A schedule search and what it is worth.
struct GitsStory {
  GitsFile file;
  GitsSearch search;
  std::vector<torch::Tensor> per_sample;  // SearchResult::per_sample
  std::vector<StudentError> errors;
  std::string student;               // SOLVER[,options] that made them
  std::vector<std::string> command;  // the command line
  Facts settings;
};

// Writes report.html, costs.csv, levels.csv and errors.csv into `folder`: the cost matrix as a heat map, the chosen levels
// beside polynomial and logsnr, the student's error against the teacher, the teacher's deviation from its chord;
// per_sample.csv of the spread of levels where every seed has a schedule.
void write_gits_report(const GitsStory& story, const RunFolder& folder);

}  // namespace farfield

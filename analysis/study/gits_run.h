#pragma once

#include <vector>

#include "analysis/study/student_errors.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"
#include "samplers/gits/search_run.h"

namespace farfield {

// student_errors() of the student that the search was made for, and per_sample_errors() where there are such schedules.
std::vector<StudentError> student_errors(const Denoiser& model, const SearchResult& result);

// Writes what write_gits_report() writes, and commits the folder. `info`: begun by the caller, with the inputs of the call.
void save_search_report(const SearchResult& result, const SearchOptions& options, std::vector<StudentError> errors,
                        const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield

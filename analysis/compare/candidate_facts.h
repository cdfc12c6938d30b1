#pragma once

#include <string>
#include <vector>

#include "analysis/compare/comparison.h"
#include "analysis/page/report.h"

namespace farfield {

// What denoisers of a comparison that read some of their data alone have read (models/analytic/candidate_reading.h): a line
// of the page for each, and {NAME: {points, states, read, dropped}} as JSON for run.json, null where nothing is known; ""
// where there is no such denoiser. Of this rank.
Facts candidate_facts(const Subject& model, const std::vector<Subject>& references);
std::string candidate_record(const Subject& model, const std::vector<Subject>& references);

}  // namespace farfield

#pragma once

#include <nlohmann/json.hpp>

#include "analysis/compare/compare_run.h"
#include "analysis/page/report.h"

namespace farfield {

// What denoisers of a comparison that read some of their data alone have read (models/analytic/candidate_reading.h): a line of the
// page for each, and {NAME: {points, states, read, dropped}} for run.json, null where nothing is known. Of this rank.
Facts candidate_facts(const CompareInputs& inputs);
nlohmann::ordered_json candidate_record(const CompareInputs& inputs);

}  // namespace farfield

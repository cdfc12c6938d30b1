#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "analysis/compare/comparison.h"
#include "analysis/page/report.h"

namespace farfield {

// What denoisers of a comparison that read some of their data alone have read (models/analytic/candidate_reading.h): a line of the
// page for each, and {NAME: {points, states, read, dropped}} for run.json, null where nothing is known. Of this rank.
Facts candidate_facts(const Subject& model, const std::vector<Subject>& references);
nlohmann::ordered_json candidate_record(const Subject& model, const std::vector<Subject>& references);

}  // namespace farfield

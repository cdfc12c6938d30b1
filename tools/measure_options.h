#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "analysis/quality/set_measures.h"
#include "tools/command.h"

namespace farfield::tools {

// --measure, --data and --features of studies that hold ends against data.
void add_measure_options(CLI::App& command, SetMeasureRequest& measure, std::string& data);
// The set that --data names; nothing for "".
std::optional<GivenSet> data_of_measure(const std::string& data);
// What decides a measure's numbers beyond the options: for the key of kept parts.
nlohmann::ordered_json key_of_measure(const SetMeasureRequest& measure);

}  // namespace farfield::tools

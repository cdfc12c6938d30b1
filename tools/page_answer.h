#pragma once

#include <string>

#include "core/run/run_folder.h"
#include "tools/context.h"

namespace farfield::tools {

// The result of a command that made a page, on standard output: its answer and where report.html is; with --json one object
// {"headline", "report"}.
void print_answer(const Context& context, const std::string& answer, const RunFolder& folder);

}  // namespace farfield::tools

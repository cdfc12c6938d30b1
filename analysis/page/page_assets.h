#pragma once

#include <string_view>

namespace farfield {

// What every report carries inside itself, embedded in the binary at build time (cmake/EmbedFiles.cmake).
std::string_view page_style();   // analysis/page/report.css
std::string_view page_script();  // analysis/page/report.js
// Vega, Vega-Lite and Vega-Embed as one script; empty when the build had no vl-convert-python.
std::string_view chart_script();

}  // namespace farfield

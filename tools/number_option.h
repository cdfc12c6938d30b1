#pragma once

#include <cstdint>

#include <CLI/CLI.hpp>

namespace farfield::tools {

// What a number on the command line may be: --help shows it, and anything else ends in exit 2 before any work. Numbers are
// decimal, whatever the locale; NaN is none.
CLI::Validator whole_number(int64_t low, int64_t high);
CLI::Validator real_number(double low, double high);

}  // namespace farfield::tools

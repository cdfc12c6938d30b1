#pragma once

#include <cstdint>

namespace CLI {
class Validator;
}

namespace farfield::tools {

// What a number on the command line may be, for Option::transform(): --help shows it, and anything else ends in exit 2 before
// any work. Numbers are decimal, whatever the locale; NaN is none. The option parser itself reads 010 as eight, and what does
// not fit in 64 bits as the largest number that does.
CLI::Validator whole_number(int64_t low, int64_t high);
CLI::Validator real_number(double low, double high);

}  // namespace farfield::tools

#pragma once

#include <string>

namespace farfield {

// Numbers as people read them in a report. Tables for machines use format_double (core/text.h).

// `digits` significant digits, plain notation from 1e-4 to 1e6, scientific outside ("3.1", "0.0020", "1.2e-07").
std::string format_digits(double value, int digits);

// A value with no more digits than its interval [low, high] supports: down to the second significant digit of the
// half-width ("0.9987" for [0.99861, 0.99884]); four significant digits when the interval is a point or not finite.
std::string format_measured(double value, double low, double high);

// A noise level as typed: up to three significant digits, no trailing zeros ("0.01", "0.75", "80").
std::string format_sigma(double sigma);

// "0.4 s", "12 s", "3 min 20 s", "1 h 05 min".
std::string format_seconds(double seconds);

// "812 B", "47 kB", "5.9 MB" (powers of 1000).
std::string format_bytes(double bytes);

}  // namespace farfield

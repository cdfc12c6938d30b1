#pragma once

#include <cstdint>

// Bounds of numbers that people give, the same wherever a number of the kind is read: a command line, a config, a file.
// Everything within them is computed without overflow. The pages docs/formats.md and --help state them.
namespace farfield::limits {

// Noise levels above 0: they and their squares are numbers for networks in float32.
constexpr double kLowestSigma = 1e-35, kHighestSigma = 1e12;
constexpr bool is_sigma(double sigma) { return sigma >= kLowestSigma && sigma <= kHighestSigma; }
// A standard deviation of data that networks in float32 are scaled by.
constexpr double kLowestSigmaData = 1e-6, kHighestSigmaData = 1e6;
constexpr double kHighestGuidance = 1e4;    // and down to its negative
constexpr double kHighestGamma = 100;       // weight of a step in a schedule search over the one before
constexpr double kHighestVariance = 1e12;   // added to a fit
constexpr double kHighestStatistic = 1e80;  // of a fit: above the variance of any float32 data, its square finite
constexpr double kLongestTime = 1e10;       // seconds, 300 years

constexpr int kMostThreads = 4096;
constexpr int64_t kMostBatch = 1'000'000;               // samples computed at a time
constexpr int64_t kMostSteps = 100'000;                 // of a run of a solver
constexpr int64_t kMostEvaluations = 1'000'000;         // a budget of them
constexpr int64_t kMostGridPoints = 4096;               // of a schedule search: its costs are a square of them
constexpr int64_t kMostSeeds = 10'000'000;              // of one list
constexpr int64_t kHighestSeed = INT64_MAX;             // every seed is from 0 to here
constexpr int64_t kMostImages = 1'000'000'000'000'000;  // counts of training images: lengths, intervals, half-lives
constexpr int64_t kMostProbes = 1'000'000;
constexpr int64_t kMostIterations = 1'000'000;
constexpr int64_t kMostRank = int64_t{1} << 32;   // of a fit; the data bound it further
constexpr int64_t kMostComponents = 10'000'000;   // likewise
constexpr int64_t kMostClasses = 1'000'000;       // numbered from 0
constexpr int64_t kMostBytes = int64_t{1} << 36;  // of a data set, a result, a table

}  // namespace farfield::limits

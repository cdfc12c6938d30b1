#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace farfield::test {

// Calls `use` with `count` damaged copies of `good`: bits flipped, bytes replaced by telling values, parts cut, doubled
// or inserted. The same count gives the same mutants.
void for_each_mutant(const std::string& good, int count, const std::function<void(const std::string& mutant)>& use);

// Runs `read` on `count` mutants of each of `goods`. Every one must be read or refused with Error(kBadFile) in one line;
// anything else fails the test and names the mutant. Returns how many were refused.
int expect_read_or_refused(const std::vector<std::string>& goods, int count,
                           const std::function<void(const std::string& mutant)>& read);

}  // namespace farfield::test

#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace farfield {

// The product of sizes >= 0, where it is at most `limit`; usage_error "WHAT: 3 x 5 x ... is more than LIMIT; give less"
// otherwise, also where 64 bits could not hold it.
int64_t checked_product(std::string_view what, std::initializer_list<int64_t> sizes, int64_t limit);

}  // namespace farfield

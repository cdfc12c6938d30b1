#pragma once

#include <string>

namespace farfield::test {

// The interpreter that scripts/setup chose (it can import torch); "" when there is none.
std::string python_interpreter();

}  // namespace farfield::test

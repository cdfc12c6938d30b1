#pragma once

#include <memory>
#include <string>

#include "models/denoiser.h"

namespace farfield::python {

// A denoiser as Python's load() opened it; one of Python's own has no text.
struct NamedModel {
  std::shared_ptr<const Denoiser> denoiser;
  std::string text;  // MODEL
  std::string device = "cpu";
  std::string precision =
      "auto";  // as the command line names it; of one of Python's own that or another dtype, for the record
};

}  // namespace farfield::python

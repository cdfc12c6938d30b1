#pragma once

#include <memory>
#include <string>

#include "models/denoiser.h"

namespace farfield::python {

// A denoiser as Python's load() opened it; one of Python's own has no text.
struct NamedModel {
  std::shared_ptr<const Denoiser> denoiser;
  std::string text;  // MODEL
  std::string device = "cpu", precision = "auto";
};

}  // namespace farfield::python

#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "analysis/compare/references.h"
#include "core/data/source.h"
#include "named_model.h"

namespace farfield::python {

using NamedReference = std::variant<std::string, NamedModel>;

// A model as the subject of a comparison: named by its text, or by itself.
Subject subject_of(const NamedModel& model);

// References in the order given: MODEL texts are opened for `model`'s device, denoisers taken as they are. usage_error for two of
// one name.
struct NamedReferences {
  References references;
  std::vector<std::string> opened;  // MODEL texts whose files go on record
};
NamedReferences open_named(const std::vector<NamedReference>& given, const std::shared_ptr<const DataSource>& data,
                           const NamedModel& model, uint64_t seed);

}  // namespace farfield::python

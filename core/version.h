#pragma once

namespace farfield {

// Written at build time into build/generated/version.cpp.
extern const char* const kVersion;   // "0.1.0"
extern const char* const kRevision;  // git revision, "-dirty" when the checkout had changes, or "unknown"
extern const char* const kCompiler;  // "GNU 12.2.0"

}  // namespace farfield

# Run at every build: writes version.cpp, and touches it only when something changed.
execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --exclude * OUTPUT_VARIABLE revision
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(revision unknown)
endif()
file(WRITE ${OUTPUT}.new "#include \"core/version.h\"

namespace farfield {
const char* const kVersion = \"${VERSION}\";
const char* const kRevision = \"${revision}\";
const char* const kCompiler = \"${COMPILER}\";
}  // namespace farfield
")
file(COPY_FILE ${OUTPUT}.new ${OUTPUT} ONLY_IF_DIFFERENT)

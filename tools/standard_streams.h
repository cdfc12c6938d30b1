#pragma once

namespace farfield::tools {

// Makes failing writes errors instead of ends: SIGPIPE (nobody reads) and SIGXFSZ (`ulimit -f`) are ignored, and a standard
// stream that was closed stays unusable, so that no file takes its number and gets the results written into it.
void guard_standard_streams();

// Hands what was printed to the system. Returns `code`, or ExitCode::kIo with a line on stderr when that fails and `code`
// is 0: results that nobody got are an input/output error, also where the reader left early (head).
int flush_results(int code);

}  // namespace farfield::tools

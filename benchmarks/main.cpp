#include <benchmark/benchmark.h>

#include "core/memory.h"

int main(int argc, char** argv) {
  farfield::keep_freed_memory();  // as the program does
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}

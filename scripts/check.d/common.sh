# Sourced by the checks, which run in the root of the project. A check prints what it found and closes with one line that
# says what it looked at; it exits with 0 (nothing found), 1 (something found) or 77 (could not run).
# shellcheck shell=bash
set -euo pipefail

skip() {
  echo "$*"
  exit 77
}

# tracked PATTERN...: the files of the project, NUL between them; where git cannot tell, all that are not built.
tracked() {
  if git rev-parse --is-inside-work-tree > /dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard -- "$@"
  else
    local pattern tests=()
    for pattern in "$@"; do tests+=(-o -path "./$pattern"); done
    find . \( -path './build*' -o -path './.venv' -o -path './.git' -o -path './runs' -o -path './demo-out*' \) -prune \
      -o -type f \( "${tests[@]:1}" \) -printf '%P\0'
  fi
}

# pinned NAME: the path of a tool of requirements.txt. A version of the system's would say other things.
pinned() {
  [ -x ".venv/bin/$1" ] || skip "no .venv/bin/$1: run scripts/setup checks"
  echo ".venv/bin/$1"
}

# build_preset PRESET [TARGET...]
build_preset() {
  local preset=$1
  shift
  cmake --preset "$preset" > build-check/configure.log 2>&1 || { cat build-check/configure.log; exit 1; }
  cmake --build --preset "$preset" ${1:+--target "$@"}
}

needs_clang() {
  command -v clang++-19 > /dev/null ||
    skip "no clang++-19: sudo apt-get install -y clang-19 clang-tidy-19 llvm-19 libclang-rt-19-dev"
}

# run_tests BUILD FILTER FOLDER...: the tests of tests/FOLDER that FILTER selects, one program a folder, one core each.
run_tests() {
  local build=$1 filter=$2 folder failed=() count=0 log
  shift 2
  export OMP_NUM_THREADS=1 GOMP_SPINCOUNT=0
  for folder in "$@"; do
    log=build-check/$build-$folder.log
    "$build/${folder}_test" --gtest_brief=1 --gtest_filter="$filter" > "$log" 2>&1 || { failed+=("$folder"); cat "$log"; }
    count=$((count + $(sed -n 's/^\[==========\] \([0-9]*\) tests.*/\1/p' "$log")))
  done
  echo "$count tests${failed[*]:+, failed in: ${failed[*]}}"
  [ ${#failed[@]} -eq 0 ]
}

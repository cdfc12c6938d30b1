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

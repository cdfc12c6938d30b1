#!/usr/bin/env bash
# Installs a build, moves the tree, builds examples/ against it as an outside project, and runs them there.
# outside_project.sh SOURCE BUILD
set -euo pipefail
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/first" > "$work/log" || { cat "$work/log"; exit 1; }
mv "$work/first" "$work/moved"
cp -r "$source/examples" "$work/examples"
{ cmake -S "$work/examples" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/moved" -DCMAKE_BUILD_TYPE=Debug &&
  cmake --build "$work/build"; } > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
# The sources inside another project: its configuration finds every file, and builds the library alone.
printf 'cmake_minimum_required(VERSION 3.25)\nproject(other LANGUAGES CXX)\nadd_subdirectory(%s farfield)\n' "$source" > "$work/CMakeLists.txt"
torch=$(sed -n 's/^Torch_DIR:[^=]*=//p' "$build/CMakeCache.txt")
cmake -S "$work" -B "$work/inside" -DTorch_DIR="$torch" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$work/inside" --target help > "$work/log"
grep -q farfield_library "$work/log" || { echo "no library inside another project"; exit 1; }
! grep -q core_test "$work/log" || { echo "tests inside another project"; exit 1; }
model=$work/moved/share/farfield/assets/glyphs.safetensors
cd "$work"
expect() {  # expect TEXT COMMAND...: the command succeeds and prints TEXT
  local text=$1 output
  shift
  output=$("$@" 2>&1) || { echo "$* failed: $output"; exit 1; }
  [[ $output == *"$text"* ]] || { echo "$* printed '$output', without '$text'"; exit 1; }
}
expect "[2, 1, 16, 16] double, 12 evaluations each" build/sample_from_file "$model" 2
expect "heun: 47 evaluations, radius 1" build/own_denoiser
expect "farfield sample --model run" build/train_on_own_data run 640
expect "64 samples" moved/bin/farfield sample --model run --steps 4 --out samples --quiet --seeds 0-63
expect "farfield 0." moved/bin/farfield --version

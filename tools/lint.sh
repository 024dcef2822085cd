#!/usr/bin/env bash
# A build without unity, in which a source has no headers but those that it includes; clang-tidy over the sources as
# that build compiles them (their headers come along).
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
cmake --preset dev -DPython_EXECUTABLE="$PWD/.venv/bin/python" > build/lint-configure.log 2>&1 \
  || { cat build/lint-configure.log; echo "lint: configuring failed (see above)" >&2; exit 1; }
cmake --build build/dev -j "$jobs"
git ls-files 'src/*.cpp' | grep -v '_test\.cpp$' \
  | xargs -P "$jobs" -n 4 clang-tidy-16 -p build/dev --quiet --warnings-as-errors='*' 2> build/clang-tidy.log \
  || { tail -n 20 build/clang-tidy.log; echo "lint: clang-tidy found something (see above)" >&2; exit 1; }
echo "lint: clean"

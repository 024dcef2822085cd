#!/usr/bin/env bash
# clang-tidy over the sources (their headers come along).
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files 'src/*.cpp' | grep -v '_test\.cpp$' \
  | xargs -P "$(nproc)" -n 4 clang-tidy-16 -p "$1" --quiet --warnings-as-errors='*' 2> build/clang-tidy.log \
  || { tail -n 20 build/clang-tidy.log; echo "lint: clang-tidy found something (see above)" >&2; exit 1; }
echo "lint: clean"

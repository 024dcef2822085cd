#!/usr/bin/env bash
# Builds the fuzzers with clang and runs each for a number of seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset fuzz > /dev/null
cmake --build --preset fuzz
for fuzzer in build/fuzz/bin/*_fuzzer; do
  name=$(basename "$fuzzer")
  mkdir -p "build/fuzz/corpus/$name"
  seeds=fuzz/seeds/${name%_fuzzer}
  if [ -d "$seeds" ]; then cp -n "$seeds"/* "build/fuzz/corpus/$name/"; fi
  echo "fuzz: $name for $1 seconds"
  "$fuzzer" -max_total_time="$1" -rss_limit_mb=2048 -print_final_stats=1 "build/fuzz/corpus/$name" 2> "build/fuzz/$name.log" \
    || { tail -n 40 "build/fuzz/$name.log"; echo "fuzz: $name found something (see above)" >&2; exit 1; }
  grep -E 'number_of_executed_units' "build/fuzz/$name.log"
done
echo "fuzz: all fuzzers ran clean"

#!/usr/bin/env bash
# The main job on the local Lambda: deploy the example with the command line, then run it through LambdaPool
# and LambdaExecutor from Python, and the same from one C++ executable. Leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
export PATH="$root/.venv/bin:$PATH"
export LAMBDAPOOL_TARGET=local
LAMBDAPOOL_HOME=$(mktemp -d)
export LAMBDAPOOL_HOME
trap 'rm -rf "$LAMBDAPOOL_HOME"' EXIT
trap 'echo "demo: failed at: $BASH_COMMAND" >&2' ERR

run() {
  echo
  echo "\$ $*"
  "$@"
}

cd examples
echo "--- Python: deploy the package algorithms/, then map over it"
run lambdapool create algorithms algorithms/ --timeout=300 --memory=128
run lambdapool list
run python algorithms_demo.py
echo
echo "--- C++: one executable, client and worker"
run lambdapool create algorithms-cpp "../$1/bin/algorithms" --timeout=300 --memory=128
run "../$1/bin/algorithms"
run lambdapool delete algorithms-cpp
run lambdapool delete algorithms
echo
echo "demo: done; everything above ran on the local Lambda, through real HTTP and signatures"

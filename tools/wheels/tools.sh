#!/usr/bin/env bash
# tools.sh DIR: a Python environment with the toolchain and what looks at wheels (toolchain.txt).
set -euo pipefail
list=$(cd "$(dirname "$0")" && pwd)/toolchain.txt
if cmp -s "$list" "$1/.made"; then exit 0; fi
python3 -m venv "$1"
"$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "$list"
cp "$list" "$1/.made"

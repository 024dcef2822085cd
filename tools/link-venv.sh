#!/usr/bin/env bash
# Makes what was built the one that .venv uses: `import lambdapool` and .venv/bin/lambdapool.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(cd "$1" && pwd)
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$build/python" > "$site/lambdapool.pth"
ln -sfn "$build/bin/lambdapool" .venv/bin/lambdapool

#!/usr/bin/env bash
# What is checked in seconds, without building: formatting, ruff, mypy, and the order of the folders.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files '*.cpp' '*.hpp' | xargs clang-format-16 --dry-run -Werror
.venv/bin/ruff check --quiet .
.venv/bin/ruff format --check --quiet python || { echo "check: python/ is not formatted: run 'make format'" >&2; exit 1; }
.venv/bin/mypy --no-error-summary
.venv/bin/python -m pytest -q --no-header tests/test_layering.py tests/test_tidiness.py

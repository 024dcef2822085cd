#!/usr/bin/env bash
# build.sh ARCHITECTURE...: dist/*.whl for x86_64 or aarch64 (the default: x86_64), for each CPython from 3.9 on: one
# for each of 3.9 to 3.11, and one for 3.12 and all later ones (its stable ABI). LAMBDAPOOL_PYTHONS names the Pythons;
# without it they are looked for. The C++ library is compiled once for an architecture.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
wheels=$root/build/wheels
mkdir -p "$wheels" dist
say() { echo "wheels: $*"; }
die() { echo "wheels: $*" >&2; exit 1; }

python_of() {  # VERSION: a CPython of it with headers
  local each
  for each in ${LAMBDAPOOL_PYTHONS:-"python$1" "$HOME"/.pyenv/versions/"$1".*/bin/python}; do
    if "$each" -c "import os, sys, sysconfig as s; sys.exit('%d.%d' % sys.version_info[:2] != '$1' or
        not os.path.exists(s.get_path('include') + '/Python.h'))" 2> /dev/null; then
      command -v "$each"
      return
    fi
  done
  "$wheels/tools/bin/uv" python find --quiet --managed-python "$1" 2> /dev/null || true
}

tools/wheels/tools.sh "$wheels/tools"
tools/wheels/sources.sh "$wheels/sources"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2> /dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH
# A compiler that is a script is looked into by its text; paths are told from the root.
export CCACHE_COMPILERTYPE=clang CCACHE_COMPILERCHECK=content CCACHE_BASEDIR=$root

made=()
for architecture in "${@:-x86_64}"; do
  dir=$wheels/$architecture
  tools/wheels/toolchain.sh "$dir" "$wheels/tools/bin/python" "$architecture"
  tools/wheels/dependencies.sh "$dir" "$wheels/sources" "$architecture"
  for version in 3.9 3.10 3.11 3.12; do
    python=$(python_of "$version")
    [ -n "$python" ] || { say "no CPython $version with headers here: no wheel for it"; continue; }
    environment=$wheels/python-$version
    if [ "$(cat "$environment/.made" 2> /dev/null)" != "$python $(cat tools/wheels/backend.txt)" ]; then
      "$wheels/tools/bin/uv" venv --quiet --clear --python "$python" "$environment"
      "$wheels/tools/bin/uv" pip install --quiet --python "$environment/bin/python" -r tools/wheels/backend.txt
      echo "$python $(cat tools/wheels/backend.txt)" > "$environment/.made"
    fi
    "$wheels/tools/bin/python" tools/wheels/parts.py "$wheels/sources" "$environment/bin/python" > "$dir/lambdapool.cdx.json"
    say "CPython $version, $architecture"
    rm -rf "$dir/out"
    log=$dir/wheel-$version.log
    # What sysconfig says of a Python for the architecture.
    _PYTHON_HOST_PLATFORM=linux-$architecture SETUPTOOLS_EXT_SUFFIX=.cpython-${version/./}-$architecture-linux-gnu.so \
      "$wheels/tools/bin/uv" build --wheel --no-build-isolation --python "$environment/bin/python" --out-dir "$dir/out" \
      -C "build-dir=$dir/cmake" -C "cmake.toolchain-file=$root/tools/wheels/toolchain.cmake" \
      -C "cmake.define.LAMBDAPOOL_WHEEL_DIR=$dir" -C "cmake.define.LAMBDAPOOL_WHEEL_ARCHITECTURE=$architecture" \
      -C "cmake.define.LAMBDAPOOL_PARTS=$dir/lambdapool.cdx.json" \
      "$root" > "$log" 2>&1 || { cut -c 1-400 "$log" | tail -n 30 >&2; die "the wheel for CPython $version failed ($log)"; }
    # The tag says what the toolchain keeps to; tools/wheels/check.py has auditwheel look whether it is true.
    "$wheels/tools/bin/python" -m wheel tags --remove --platform-tag "manylinux_2_28_$architecture" "$dir"/out/*.whl > /dev/null
    made+=("$(basename "$dir"/out/*.whl)")
    mv "$dir"/out/*.whl dist/
  done
done
[ ${#made[@]} -gt 0 ] || die "no wheel was made"
for name in "${made[@]}"; do echo "dist/$name  $(stat -c %s "dist/$name" | awk '{printf "%.2f MB", $1 / 1e6}')"; done

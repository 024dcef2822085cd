#!/usr/bin/env bash
# debs.sh BUILD: dist/{lambdapool,liblambdapool0.10,liblambdapool-dev}_*.deb of a configured build, looked at by lintian.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2> /dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH
# Debian keeps libraries of several architectures beside each other.
as_before=$(sed -n 's/^CMAKE_INSTALL_LIBDIR:PATH=//p' "$build/CMakeCache.txt")
trap 'cmake "$build" "-DCMAKE_INSTALL_LIBDIR=$as_before" -DLAMBDAPOOL_DEBS=OFF > "$build/debs-configure.log"' EXIT
cmake "$build" "-DCMAKE_INSTALL_LIBDIR=lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)" -DLAMBDAPOOL_DEBS=ON > "$build/debs.log"
cmake --build "$build" -j "${JOBS:-$(nproc)}" --target lambdapool_libraries debian_documents >> "$build/debs.log" \
  || { tail -n 20 "$build/debs.log" >&2; exit 1; }
rm -f dist/*lambdapool*.deb
(cd "$build" && cpack -G DEB) >> "$build/debs.log" 2>&1 || { tail -n 20 "$build/debs.log" >&2; exit 1; }
lintian --allow-root --fail-on error,warning dist/*lambdapool*.deb
ls -l dist/*lambdapool*.deb | awk '{printf "%s  %.2f MB\n", $9, $5 / 1e6}'

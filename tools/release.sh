#!/usr/bin/env bash
# release.sh [TAG]: all of a release in dist/, checked: source archive, wheels, .deb packages, the list of parts, the
# notes, and SHA256SUMS over them. It uploads nothing. TAG, if given, has to be the version's.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "release: $*"; }
die() { echo "release: $*" >&2; exit 1; }

version=$(sed -n 's/^project(lambdapool VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
[ -z "${1:-}" ] || [ "$1" = "v$version" ] || die "the tag $1 is not v$version, the version that CMakeLists.txt says"
[ -z "$(git status --porcelain)" ] || die "there are changes that are not committed: git status"
heading=$(grep -m 1 '^## ' CHANGELOG.md)
case $heading in
  "## $version ("[0-9]*) ;;
  *) die "CHANGELOG.md begins with '$heading'; a release has '## $version (YEAR-MONTH-DAY)'" ;;
esac

tools/wheels/tools.sh build/wheels/tools
build/wheels/tools/bin/zizmor --quiet --offline .github/workflows
build/wheels/tools/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

rm -rf dist
mkdir -p dist
tools/wheels/build.sh ${ARCHITECTURES:-x86_64 aarch64}
build/wheels/tools/bin/uv build --quiet --sdist --out-dir dist .
tools/debs.sh build
cp build/wheels/x86_64/lambdapool.cdx.json "dist/lambdapool-$version.cdx.json"
awk '/^## /{count++; next} count == 1' CHANGELOG.md > dist/NOTES.md
build/wheels/tools/bin/python tools/wheels/check.py dist/*.whl dist/*.tar.gz
(cd dist && sha256sum -- *.whl *.tar.gz *.deb *.json NOTES.md > SHA256SUMS)
say "dist/ has lambdapool $version; docs/releasing.md says what comes next"
cat dist/SHA256SUMS

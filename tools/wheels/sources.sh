#!/usr/bin/env bash
# sources.sh DIR: the sources of the libraries that wheels carry, unpacked into DIR/NAME by `apt-get source`, Debian's
# patches applied; DIR/versions says which they are. Newest first: LAMBDAPOOL_SOURCES="openssl=VERSION ..." takes others,
# so that a wheel can be made again from what its list of parts (SBOM) names.
set -euo pipefail
dir=$(mkdir -p "$1" && cd "$1" && pwd)
names=(libdeflate openssl sqlite3 zlib)
if [ -f "$dir/versions" ] && [ "$(cat "$dir/.asked" 2> /dev/null)" = "${LAMBDAPOOL_SOURCES:-}" ]; then exit 0; fi

say() { echo "sources: $*"; }
die() { echo "sources: $*" >&2; exit 1; }

# The machine's own list of packages need not know of sources: a second one beside it does.
rm -rf "$dir/apt" && mkdir -p "$dir/apt/parts" "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
shopt -s nullglob
for list in /etc/apt/sources.list.d/debian*.sources; do
  sed 's/^Types:.*/Types: deb-src/' "$list" > "$dir/apt/parts/$(basename "$list")"
done
for list in /etc/apt/sources.list /etc/apt/sources.list.d/debian*.list; do
  if [ -f "$list" ]; then sed -n 's/^deb /deb-src /p' "$list" > "$dir/apt/parts/$(basename "$list" .list).list"; fi
done
cat > "$dir/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$dir/apt/parts";
Dir::State::lists "$dir/apt/lists";
Dir::Cache "$dir/apt/cache";
APT::Sandbox::User "root";
CONF
export APT_CONFIG=$dir/apt/apt.conf
apt-get update -qq > "$dir/apt/log" 2>&1 || { tail -n 5 "$dir/apt/log" >&2; die "apt-get update failed"; }

versions_of() {  # newest first
  local asked
  for asked in ${LAMBDAPOOL_SOURCES:-}; do
    if [ "${asked%%=*}" = "$1" ]; then echo "${asked#*=}"; return; fi
  done
  apt-cache showsrc "$1" | sed -n 's/^Version: //p' | sort -ruV
}

cd "$dir"
rm -rf "${names[@]}" versions versions.new
for name in "${names[@]}"; do
  for version in $(versions_of "$name"); do
    if apt-get source -qq --download-only "$name=$version" >> apt/log 2>&1; then break; fi
    say "the sources of $name $version are not to be had (a mirror between two states?): the version before it"
    version=""
  done
  [ -n "${version:-}" ] || { tail -n 5 apt/log >&2; die "no sources of $name"; }
  dpkg-source --no-check -x "${name}_${version#*:}.dsc" "$name" >> apt/log 2>&1 || { tail -n 5 apt/log >&2; die "cannot unpack $name"; }
  echo "$name $version $(sha256sum "${name}_${version#*:}.dsc" | cut -d ' ' -f 1)" >> versions.new
done
mv versions.new versions
echo "${LAMBDAPOOL_SOURCES:-}" > .asked
say "$(cut -d ' ' -f 1,2 versions | tr '\n' ',')"

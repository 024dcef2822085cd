#!/usr/bin/env bash
# Installs what building (and testing) needs: Debian packages by name, and Python packages into .venv.
# A second run with nothing changed only compares a checksum.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build

say() { echo "setup: $*"; }
die() { echo "setup: $*" >&2; exit 1; }

stamp=build/.setup-$(IFS=-; echo "$*")
want=$(cat tools/setup.sh tools/debian-*.txt tools/python-*.txt | sha256sum; command -v python3 || true)
if [ -x .venv/bin/python ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
  exit 0
fi

packages=()
for group in "$@"; do
  mapfile -t -O "${#packages[@]}" packages < <(grep -v '^#' "tools/debian-$group.txt")
done
if command -v dpkg-query > /dev/null; then
  missing=()
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    say "installing Debian packages: ${missing[*]}"
    sudo=""
    if [ "$(id -u)" -ne 0 ]; then
      command -v sudo > /dev/null || die "need root or sudo to install: apt-get install ${missing[*]}"
      sudo=sudo
    fi
    export DEBIAN_FRONTEND=noninteractive
    log=build/apt.log
    { $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}"; } > "$log" 2>&1 \
      || { tail -n 20 "$log" >&2; die "apt-get could not install: ${missing[*]}"; }
  fi
else
  say "not a Debian system: please see to it that the equivalents of these are installed: ${packages[*]}"
fi

if [ ! -x .venv/bin/python ]; then
  say "making .venv"
  python3 -m venv .venv || die "python3 -m venv failed (is python3-venv installed for $(command -v python3)?)"
fi
requirements=()
for group in "$@"; do
  if [ -f "tools/python-$group.txt" ]; then requirements+=(-r "tools/python-$group.txt"); fi
done
say "installing Python packages into .venv"
.venv/bin/python -m pip install --quiet --disable-pip-version-check "${requirements[@]}" \
  || die "pip could not install ${requirements[*]}"
echo "$want" > "$stamp"

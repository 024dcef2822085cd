#!/usr/bin/env bash
# toolchain.sh DIR PYTHON ARCHITECTURE: DIR/bin/{cc,c++,ar,ranlib} make programs for a glibc as old as 2.28 (RHEL 8,
# Debian 10, Ubuntu 20.04). They are clang and libc++ as the Python package ziglang brings them, in PYTHON's site.
set -euo pipefail
dir=$1 python=$2 architecture=$3
zig=$("$python" -c 'import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))')
mkdir -p "$dir/bin"
write() {  # NAME COMMAND: only where it differs, since ccache and CMake look at its time
  printf '#!/bin/sh\nexec %s "$@"\n' "$2" > "$dir/bin/.new"
  chmod +x "$dir/bin/.new"
  if cmp -s "$dir/bin/.new" "$dir/bin/$1"; then rm "$dir/bin/.new"; else mv "$dir/bin/.new" "$dir/bin/$1"; fi
}
write cc "$zig cc -target $architecture-linux-gnu.2.28"
write c++ "$zig c++ -target $architecture-linux-gnu.2.28"
write ar "$zig ar"
write ranlib "$zig ranlib"
for each in x86_64 aarch64; do write "cc-$each" "$zig cc -target $each-linux-musl"; done  # without a C library

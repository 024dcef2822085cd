#!/usr/bin/env bash
# dependencies.sh DIR SOURCES ARCHITECTURE: the static libraries that wheels carry, built by DIR/bin/{cc,c++} from
# SOURCES (sources.sh) into DIR/deps/{include,lib}, with nothing that lambdapool does not call.
set -euo pipefail
dir=$(cd "$1" && pwd)
sources=$(cd "$2" && pwd)
architecture=$3
deps=$dir/deps
work=$dir/deps-build
here=$(cd "$(dirname "$0")" && pwd)
want=$(cat "$here/dependencies.sh" "$sources/versions" "$dir/bin/cc" | sha256sum)
if [ "$(cat "$deps/.stamp" 2> /dev/null)" = "$want" ]; then exit 0; fi
rm -rf "$deps" "$work"
mkdir -p "$deps/include/minizip" "$deps/lib" "$work"
log=$dir/deps.log
: > "$log"
trap 'echo "dependencies: failed; the end of $log:" >&2; tail -n 20 "$log" >&2' ERR

# Each function and object is a section of its own: what is not called is not in the wheel. Paths stay out of it.
flags=(-O2 -g0 -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections -DNDEBUG "-ffile-prefix-map=$work=." "-ffile-prefix-map=$sources=.")
jobs=${JOBS:-$(nproc)}
cc=$dir/bin/cc

objects() {  # LIBRARY SOURCE-DIR FLAG... -- SOURCE...: a static library of the sources
  local library=$1 from=$2; shift 2
  local own=()
  while [ "$1" != -- ]; do own+=("$1"); shift; done
  shift
  mkdir -p "$work/$library"
  local source
  for source in "$@"; do
    (cd "$from" && "${launcher[@]}" "$cc" "${flags[@]}" "${own[@]}" -c "$source" -o "$work/$library/$(basename "$source" .c).o")
  done >> "$log" 2>&1
  "$dir/bin/ar" rcsD "$deps/lib/lib$library.a" "$work/$library"/*.o
}
launcher=()
if command -v ccache > /dev/null; then launcher=(ccache); fi

zlib=$sources/zlib
cp "$zlib/zlib.h" "$zlib/zconf.h" "$deps/include/"
objects z "$zlib" -DHAVE_UNISTD_H -D_LARGEFILE64_SOURCE=1 -- \
  adler32.c crc32.c deflate.c infback.c inffast.c inflate.c inftrees.c trees.c zutil.c compress.c uncompr.c
cp "$zlib"/contrib/minizip/{unzip,zip,ioapi}.h "$deps/include/minizip/"
objects minizip "$zlib/contrib/minizip" "-I$deps/include" -DHAVE_UNISTD_H -- unzip.c zip.c ioapi.c

cp "$sources/libdeflate/libdeflate.h" "$deps/include/"
case $architecture in x86_64) family=x86 ;; *) family=arm ;; esac
objects deflate "$sources/libdeflate/lib" "-I$sources/libdeflate" -- deflate_compress.c crc32.c utils.c "$family/cpu_features.c"

# Libraries that are headers alone: those that the machine compiles with.
for header in boost nlohmann CLI tl toml toml11 toml.hpp; do
  if [ -e "/usr/include/$header" ]; then ln -s "/usr/include/$header" "$deps/include/$header"; fi
done

# SQLite in one file, as its own makefile joins it.
mkdir -p "$work/sqlite-source"
(cd "$work/sqlite-source" && "$sources/sqlite3/configure" --disable-shared --disable-tcl --disable-readline CC=cc &&
  make sqlite3.c) >> "$log" 2>&1
cp "$work/sqlite-source/sqlite3.h" "$deps/include/"
objects sqlite3 "$work/sqlite-source" -Os -DSQLITE_THREADSAFE=1 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_DEPRECATED \
  -DHAVE_USLEEP=1 -DHAVE_FDATASYNC=1 -- sqlite3.c

# OpenSSL: TLS 1.2 and 1.3 of a client, digests and HMAC. Nothing is loaded at run time: no engine, no module, no
# configuration file of a machine, whose OpenSSL is another one. Ciphers are assembler; the rest is rather small than
# fast, and what no server of AWS or Google speaks is left out.
mkdir -p "$work/openssl"
(cd "$work/openssl" && CC="${launcher[*]} $cc" AR=$dir/bin/ar RANLIB=$dir/bin/ranlib "$sources/openssl/Configure" \
  "linux-$architecture" --prefix=/usr --openssldir=/etc/ssl --libdir=lib "${flags[@]/-O2/-Os}" \
  no-shared no-tests no-dso no-engine no-module no-autoload-config no-legacy no-comp no-dtls no-srp no-psk no-ssl3 \
  no-tls1 no-tls1_1 no-aria no-bf no-blake2 no-camellia no-cast no-cmp no-cms no-ct no-des no-dsa no-ec2m no-gost \
  no-idea no-md4 no-mdc2 no-nextprotoneg no-ocb no-ocsp no-rc2 no-rc4 no-rfc3779 no-rmd160 no-scrypt no-seed \
  no-siphash no-siv no-sm2 no-sm3 no-sm4 no-srtp no-ts no-whirlpool no-ui-console no-cached-fetch &&
  make -j "$jobs" build_generated && make -j "$jobs" libcrypto.a libssl.a) >> "$log" 2>&1
cp "$work/openssl"/lib{crypto,ssl}.a "$deps/lib/"
cp -r "$sources/openssl/include/openssl" "$deps/include/"
cp "$work/openssl/include/openssl"/*.h "$deps/include/openssl/"
rm -rf "$work"
echo "$want" > "$deps/.stamp"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# musl.sh SOURCE BUILD: builds the floors below and the tests of rebinding with musl, and runs them
# on its dynamic linker. Needs musl-tools; the fixtures do without IFUNC, which musl does not have.
set -eu
source=$1
build=$2
compiler=$(command -v musl-gcc) || {
  echo "SKIP: no musl-gcc (apt-get install musl-tools)"
  exit 77
}
[ "$(uname -m)" = x86_64 ] || {
  echo "SKIP: the fixtures for musl are x86-64's"
  exit 77
}
# musl-gcc does not look where the hash table's header is
mkdir -p "$build/include"
cp /usr/include/uthash.h "$build/include/"
cmake -S "$source" -B "$build" -DREBIND_MUSL=ON -DCMAKE_C_COMPILER="$compiler" \
  "-DCMAKE_C_FLAGS=-DPROVIDER_NO_IFUNC -I$build/include"
cmake --build "$build" -j2
cd "$build"
exec ctest --output-on-failure -j2

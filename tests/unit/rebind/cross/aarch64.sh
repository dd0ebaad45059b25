#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# aarch64.sh SOURCE BUILD [TESTS]: builds the floors below and a folder of tests (that of rebinding)
# for AArch64, and runs them in an emulator. Needs gcc-aarch64-linux-gnu and qemu-user-static (or
# qemu-user).
set -eu
source=$1
build=$2
tests=${3:-tests/unit/rebind}
compiler=$(command -v aarch64-linux-gnu-gcc) || {
  echo "SKIP: no aarch64-linux-gnu-gcc (apt-get install gcc-aarch64-linux-gnu)"
  exit 77
}
cxx=$(command -v aarch64-linux-gnu-g++) || cxx=
emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64) || emulator=
cmake -S "$source" -B "$build" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
  -DCMAKE_C_COMPILER="$compiler" ${cxx:+"-DCMAKE_CXX_COMPILER=$cxx"} "-DCROSS_TESTS=$tests" \
  "-DCMAKE_CROSSCOMPILING_EMULATOR=$emulator;-L;/usr/aarch64-linux-gnu"
cmake --build "$build" -j2
if [ -z "$emulator" ]; then
  echo "SKIP: it compiles; no qemu-aarch64 to run it (apt-get install qemu-user-static)"
  exit 77
fi
cd "$build"
exec ctest --output-on-failure -j2

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# with_tools.sh gdb|valgrind HOST: an interposed plugin shows its file and line to the tool.
# with_tools.sh registry STAGE: and so does one that the registry has checked before.
tool=$1
host=$2
if [ "$tool" = registry ]; then
    stage=$2
    python=/usr/bin/python3.11
    [ -x $python ] && [ -f "$stage/lib/metacall/loaders/libpy_loader.so" ] &&
        command -v valgrind > /dev/null || { echo "SKIP: no $python, py loader or valgrind"; exit 77; }
    # whose frames stay unknown where the file is mapped for reading while it is opened
    output=$(PYTHONPATH=$stage/lib/metacall/ports/python METACALL_REGISTRY_STRATEGY=py=interposed \
        METACALL_REGISTRY_PATH=$stage/lib/metacall/loaders.d timeout 250 valgrind -v $python -c "
import metacall
print([line for line in open('/proc/self/maps') if 'libpy_loader.so' in line][0])" 2>&1)
    echo "$output" | grep -E 'py_loader|outside mapped|Error'
    echo "$output" | grep -q '^[0-9a-f]*-[0-9a-f]* r.*libpy_loader\.so' || exit 1
    echo "$output" | grep -q 'Reading syms from .*/libpy_loader\.so' || exit 1
    echo "$output" | grep -q 'outside mapped rx segments' && exit 1
    exit 0
fi
command -v "$tool" > /dev/null || { echo "SKIP: no $tool"; exit 77; }
case $tool in
gdb)
    # the shim's name must not make gdb wait either: it opens that name itself
    output=$(timeout 60 gdb -q -nx -batch -ex 'set breakpoint pending on' \
        -ex 'set debuginfod enabled off' -ex 'break plugin_report' -ex run -ex backtrace \
        -ex 'print report != 0' -ex continue --args "$host" 43.interposed-once 2>&1)
    echo "$output"
    echo "$output" | grep -q 'plugin_report (report=.*) at .*plugin\.c:[0-9]' || exit 1
    echo "$output" | grep -q 'expect_bound (.*) at .*host_process\.c:[0-9]' || exit 1
    echo "$output" | grep -q 'exited normally' || exit 1
    ;;
valgrind)
    output=$(timeout 100 valgrind --error-exitcode=9 "$host" 43.faulty-plugin 2>&1)
    echo "$output"
    echo "$output" | grep -q 'Invalid read of size' || exit 1
    echo "$output" | grep -q 'plugin_fault (plugin\.c:[0-9]*)' || exit 1
    ;;
esac

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# with_tools.sh gdb|valgrind HOST: an interposed plugin shows its file and line to the tool.
tool=$1
host=$2
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

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run_host.sh NODE SCRIPT: runs a suite in that Node, or says why not (exit 77).
if [ ! -x "$1" ]; then
    echo "SKIP: no $1 (tools/setup brings the test hosts)"
    exit 77
fi
exec "$@"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# other_name.sh PYTHON SCRIPT FOLDER CASE: the script in a copy of that Python, called `thing`.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cp "$1" "$work/thing" || exit 1
STRATEGIES_COPY=$(readlink -f "$work/thing") METACALL_HOST=py "$work/thing" -I "$2" "$3" "$4"

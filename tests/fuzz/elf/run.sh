#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh PROGRAM SECONDS CORPUS: fuzzes, keeping what it finds out of the source tree.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" && mkdir grown || exit 1
"$1" -max_total_time="$2" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="$work/found-" grown "$3" 2> output
status=$?
grep -E 'stat::number_of_executed_units|ERROR|SUMMARY|runtime error' output
for found in "$work"/found-*; do
    [ -e "$found" ] || continue
    echo "reproduce with the bytes:"
    base64 "$found"
done
[ $status = 0 ] || cat output
exit $status

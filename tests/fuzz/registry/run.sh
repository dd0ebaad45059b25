#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh PROGRAM SECONDS CORPUS...: fuzzes from a copy of the corpus, so that the tree stays as it is.
set -eu
program=$(readlink -f "$1") seconds=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus"
number=0
for folder; do
    for file in $(find "$folder" -type f ! -name expect | sort); do
        number=$((number + 1))
        cp "$file" "$work/corpus/seed-$number"
    done
done
cd "$work"
exec_status=0
"$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
    "$work/corpus" >log 2>&1 || exec_status=$?
grep -E 'stat::number_of_executed_units|ERROR|SUMMARY|DEADLYSIGNAL' log || true
[ $exec_status = 0 ] || { tail -40 log; exit 1; }

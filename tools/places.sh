# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by the other scripts: where the tree, the build, the stage and the fetched things lie.
# Sets: root build stage deps. All may be given through METACALL_{BUILD,STAGE,DEPS}_DIR.
root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.." && pwd -P)
build=${METACALL_BUILD_DIR:-$root/build/release}
stage=${METACALL_STAGE_DIR:-$root/build/stage}
home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
deps=${METACALL_DEPS_DIR:-${XDG_CACHE_HOME:-$home/.cache}/metacall-registry}
export METACALL_DEPS_DIR=$deps

# Messages go to stderr, so that stdout stays the result.
say() { printf '%s\n' "$*" >&2; }
die() {
    say "$(basename -- "$0"): $*"
    exit 1
}

# The comment at the head of a script, from its third line on, is its help.
usage() { sed -n '3,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# Runs "$@" with its output in a log file, shown only where it fails.
quietly() {
    local log
    log=$(mktemp)
    if "$@" >"$log" 2>&1 </dev/null; then
        rm -f "$log"
        return 0
    fi
    say "failed: $*"
    tail -n 40 "$log" >&2
    rm -f "$log"
    return 1
}

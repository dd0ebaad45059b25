# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by tools/setup, for --free-threaded: a CPython without the global interpreter lock
# (PEP 703), $deps/hosts/python3.13-freethreaded/bin/python3.13t over libpython3.13t.so; by that
# name no test takes it for an ordinary one. Debian has no package of one but the source, which is
# compiled here for some minutes: only who asks gets it.
: "${deps:?}" "${only_check:?}" # of tools/setup
declare -a suite_options        # of tools/hosts.sh

# The source as its authors released it, unpacked in `folder`/source.
fetch_source() { # folder suite package
    open_suite "$1" deb-src "$2" &&
        (cd "$1" && quietly apt-get "${suite_options[@]}" source --download-only --tar-only "$3") &&
        mkdir "$1/source" &&
        tar -xf "$1/$3"_*.orig.tar.* -C "$1/source" --strip-components=1
}

# Quick to compile, not to run: nothing is measured on it.
compile_free_threaded() { # folder prefix
    (
        cd "$1/source" &&
            quietly ./configure --prefix="$2" --disable-gil --enable-shared --disable-test-modules \
                --without-ensurepip --without-doc-strings CFLAGS=-O1 LDFLAGS="-Wl,-rpath,$2/lib" &&
            quietly make -j "$(nproc)" &&
            quietly make altinstall DESTDIR="$1/root"
    )
}

lacks_lock() { # program
    "$1" -c 'import sys, sysconfig; sys.exit(sysconfig.get_config_var("Py_GIL_DISABLED") != 1)'
}

step_python_free_threaded() {
    local target=$deps/hosts/python3.13-freethreaded work
    [ -x "$target/bin/python3.13t" ] && return 0
    to_fetch "python3.13, free-threaded build" || return 0
    say "compiling Debian trixie's python3.13 with --disable-gil into $target"
    work=$(mktemp -d -p "$deps")
    if fetch_source "$work" trixie python3.13 && compile_free_threaded "$work" "$target"; then
        rm -rf "$target" "$work/root$target/bin/python3.13"
        mkdir -p "$deps/hosts" && mv "$work/root$target" "$target"
        lacks_lock "$target/bin/python3.13t" || rm -rf "$target"
    fi
    rm -rf "$work"
    [ -x "$target/bin/python3.13t" ] || note_optional "test host python3.13, free-threaded build"
}

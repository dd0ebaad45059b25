# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Sourced by tools/setup: the runtimes that only tests use, each below $deps/hosts as
# node-NAME/bin/node or pythonX.Y-NAME/bin/pythonX.Y. Debian's packages are unpacked, never
# installed; those of a newer Debian bring the C library they were built with, and their programs
# are patched to use it (interpreter and DT_RPATH), so that they start without an environment.
# Tests whose host is missing are skipped: nothing here is fatal.
: "${deps:?}" "${only_check:?}" # of tools/setup

case "$(uname -m)" in
x86_64) node_arch=x64 debian_arch=amd64 ;;
aarch64) node_arch=arm64 debian_arch=arm64 ;;
*) node_arch='' debian_arch='' ;;
esac

# Is this host to be fetched now? Says what is missing where only that was asked.
to_fetch() { # what
    [ $only_check = 0 ] && return 0
    note_optional "test host $1"
    return 1
}

link_host() { # name program target (from its bin folder)
    mkdir -p "$deps/hosts/$1/bin" && ln -sfn "$3" "$deps/hosts/$1/bin/$2"
}

# A venv of a host looks for its library beside the bin folder that it was made with.
link_library() { # name folder (from the host's own)
    ln -sfn "$2" "$deps/hosts/$1/lib"
}

# --------------------------------------------------------------------------- the official nodes

# npm pack brings the official binary as a package; "@18" is the newest 18.
fetch_node() { # major target
    local temporary rc=1
    temporary=$(mktemp -d -p "$deps")
    if npm_fetch pack --pack-destination "$temporary" "node-linux-$node_arch@$1" &&
        mkdir -p "$temporary/host" "$(dirname "$2")" &&
        tar -xzf "$temporary"/*.tgz -C "$temporary/host" --strip-components=1 package/bin/node &&
        "$temporary/host/bin/node" --version >/dev/null; then
        rm -rf "$2" && mv "$temporary/host" "$2" && rc=0
    fi
    rm -rf "$temporary"
    return $rc
}

step_node_hosts() {
    local major target
    for major in 16 18 20 22 24 26; do
        target=$deps/hosts/node-$major
        [ -x "$target/bin/node" ] && continue
        to_fetch "node $major" || continue
        [ -n "${npm_failed-}" ] || say "npm pack node-linux-$node_arch@$major -> $target"
        fetch_node "$major" "$target" || note_optional "test host node $major"
    done
}

# ------------------------------------------------------------------------- this Debian's packages

# Unpacks what `apt-get download` brings, without what they depend on.
download_and_unpack() { # folder package...
    local temporary target=$1 rc=1 deb
    shift
    refresh_lists
    temporary=$(mktemp -d -p "$deps")
    if (cd "$temporary" && quietly apt-get -q -o APT::Sandbox::User=root download "$@"); then
        mkdir -p "$target" && rc=0
        for deb in "$temporary"/*.deb; do dpkg -x "$deb" "$target" || rc=1; done
    fi
    rm -rf "$temporary"
    return $rc
}

# Debian's node is a small program over libnode. `nodejs` may be another vendor's here.
step_node_debian() {
    local target=$deps/hosts/node-debian version library
    [ -x "$target/bin/node" ] && return 0
    to_fetch "Debian's node over libnode" || return 0
    refresh_lists
    version=$(apt-cache madison nodejs 2>/dev/null |
        awk -F' *[|] *' '$2 ~ /dfsg/ { print $2; exit }')
    say "unpacking Debian's nodejs into $target"
    rm -rf "$target"
    if [ -n "$version" ] && download_and_unpack "$target" "nodejs=$version"; then
        for library in "$deps"/libnode/usr/lib/*/libnode.so.*; do
            [ ! -e "$library" ] || patchelf --force-rpath --set-rpath "${library%/*}" \
                "$target/usr/bin/node"
        done
        "$target/usr/bin/node" --version >/dev/null 2>&1 &&
            link_host node-debian node ../usr/bin/node && return 0
    fi
    note_optional "test host Debian's node over libnode"
}

# A build with Py_DEBUG: every reference that is given back once too often ends it.
step_python_debug() {
    local target=$deps/hosts/python3.11-debug
    [ -x "$target/bin/python3.11" ] && return 0
    to_fetch "python3.11, debug build" || return 0
    say "unpacking Debian's python3.11-dbg into $target"
    rm -rf "$target"
    if download_and_unpack "$target" python3.11-dbg libpython3.11-dbg libpython3.11-stdlib \
        libpython3.11-minimal &&
        "$target/usr/bin/python3.11-dbg" -c 'import sys, ssl; sys.gettotalrefcount()'; then
        rm -rf "${target:?}/usr/share"
        link_library python3.11-debug usr/lib &&
            link_host python3.11-debug python3.11 ../usr/bin/python3.11-dbg && return 0
    fi
    note_optional "test host python3.11, debug build"
}

# The same interpreter over the shared libpython: this one line is all that python.c does.
compile_python() { # output gcc's other arguments
    printf '%s\n' 'int Py_BytesMain(int, char **);' \
        'int main(int argc, char **argv) { return Py_BytesMain(argc, argv); }' |
        gcc -O2 -x c - -x none -o "$@"
}

step_python_shared() {
    local target=$deps/hosts/python3.11-shared/bin/python3.11
    [ -x "$target" ] && return 0
    to_fetch "python3.11 over libpython" || return 0
    say "building $target over Debian's libpython3.11.so"
    mkdir -p "$(dirname "$target")"
    if compile_python "$target.new" -l:libpython3.11.so.1.0 &&
        "$target.new" -c 'import sys; assert sys.version_info[:2] == (3, 11)'; then
        mv "$target.new" "$target"
    else
        rm -f "$target.new"
        note_optional "test host python3.11 over libpython"
    fi
}

# ------------------------------------------------------------------------ a newer Debian's packages

# Apt for another suite works on lists and a status of its own, so that this system's stay as they
# are. Leaves its options in suite_options.
open_suite() { # folder deb|deb-src suite
    mkdir -p "$1"/{lists,archives}/partial "$1/etc"
    : >"$1/status"
    printf '%s [signed-by=%s] http://deb.debian.org/debian %s main\n' "$2" \
        /usr/share/keyrings/debian-archive-keyring.gpg "$3" >"$1/etc/sources.list"
    suite_options=(-q -y --no-install-recommends -o APT::Sandbox::User=root -o Dir::Etc="$1/etc"
        -o APT::Architecture="$debian_arch" -o Dir::State="$1" -o Dir::Cache="$1"
        -o Dir::State::status="$1/status" -o Acquire::Languages=none)
    quietly apt-get "${suite_options[@]}" update
}

# A package tree of another suite below $deps/SUITE, with all that it depends on.
fetch_suite() { # suite package...
    local suite=$1 work deb rc=1
    shift
    work=$(mktemp -d -p "$deps")
    mkdir "$work/root"
    if open_suite "$work" deb "$suite" &&
        quietly apt-get "${suite_options[@]}" install --download-only "$@" &&
        (cd "$work/archives" && quietly apt-get "${suite_options[@]}" download libnode-dev); then
        rc=0
        for deb in "$work"/archives/*.deb; do
            dpkg -x "$deb" "$work/root" || rc=1
        done
    fi
    if [ $rc = 0 ]; then
        rm -rf "$work"/root/usr/share/{doc,man,locale,info} "${deps:?}/$suite"
        mv "$work/root" "$deps/$suite"
    fi
    rm -rf "$work"
    return $rc
}

# Programs of the tree use its own C library, wherever the tree lies.
patch_suite() { # suite program...
    local tree=$deps/$1 program loader
    shift
    for program in "$@"; do
        loader=$tree/usr$(patchelf --print-interpreter "$tree/usr/bin/$program") &&
            patchelf --set-interpreter "$loader" --force-rpath \
                --set-rpath "$(dirname "$tree"/usr/lib/*/libc.so.6)" "$tree/usr/bin/$program" ||
            return 1
    done
}

share_python() { # suite minor: usr/bin/pythonX.Y-shared beside Debian's own
    local tree=$deps/$1 folder loader kind
    folder=$(dirname "$tree"/usr/lib/*/libc.so.6)
    loader=$(patchelf --print-interpreter "$tree/usr/bin/python$2") &&
        compile_python "$tree/usr/bin/python$2-shared" "$folder/libpython$2.so.1.0" \
            "-Wl,--allow-shlib-undefined,--disable-new-dtags,-rpath,$folder" \
            "-Wl,--dynamic-linker,$loader" &&
        link_host "python$2-shared" "python$2" "../../../$1/usr/bin/python$2-shared" &&
        link_host "python$2-static" "python$2" "../../../$1/usr/bin/python$2" || return 1
    for kind in shared static; do link_library "python$2-$kind" "../../$1/usr/lib" || return 1; done
}

# What the folder was made from; patched programs hold its path.
suite_stamp() { echo "$deps $*"; }

step_suite() { # suite wanted-by-tests package...
    local suite=$1 what=$2
    shift 2
    [ "$(cat "$deps/$suite/.made" 2>/dev/null)" = "$(suite_stamp "$@")" ] && return 0
    to_fetch "$what (Debian $suite)" || return 0
    say "unpacking $* of Debian $suite into $deps/$suite"
    if fetch_suite "$suite" "$@" && "finish_$suite"; then
        suite_stamp "$@" >"$deps/$suite/.made"
    else
        note_optional "test host $what (Debian $suite)"
    fi
}

finish_trixie() {
    patch_suite trixie python3.13 node &&
        link_host python3.13-trixie python3.13 ../../../trixie/usr/bin/python3.13 &&
        link_library python3.13-trixie ../../trixie/usr/lib &&
        link_host node-debian20 node ../../../trixie/usr/bin/node
}

finish_forky() {
    local minor
    patch_suite forky python3.14 python3.15 node || return 1
    for minor in 3.14 3.15; do share_python forky $minor || return 1; done
    link_host node-debian24 node ../../../forky/usr/bin/node
}

step_hosts() {
    step_python_shared
    if [ -z "$node_arch" ]; then
        say "no packages of test hosts for $(uname -m): what is on PATH will be tested"
        return 0
    fi
    step_node_hosts
    step_node_debian
    step_python_debug
    step_suite trixie "libnode115, node 20 over it, python3.13" python3.13 libnode115 nodejs
    step_suite forky "python 3.14 and 3.15, libnode137, node 24 over it" \
        python3.14 libpython3.14 python3.15 libpython3.15 libnode137 nodejs
}

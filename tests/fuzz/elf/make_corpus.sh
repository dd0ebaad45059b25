#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make_corpus.sh FOLDER: writes the seeds but `shim` and `shim_forward`, which are what shim_write
# makes. Run it again only when the reader learns something new.
folder=$1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cat > "$work/one.c" << 'END'
extern int far_function(void), far_data;
extern __thread int far_thread;
int near_data = 3, *pointer = &far_data;
__thread int near_thread;
int near_function(void) { return far_function() + far_data + far_thread + near_thread; }
int near_old(void) { return 1; }
int near_new(void) { return 2; }
#ifdef VERSIONED
__asm__(".symver near_old, near_both@V_1");
__asm__(".symver near_new, near_both@@V_2");
#endif
__asm__(".pushsection .note.metacall,\"a\",%note\n.balign 4\n.4byte 9, 1f - 0f, 1\n"
        ".asciz \"MetaCall\"\n.balign 4\n0: .4byte 0x3152434d\n.2byte 1, 0\n.asciz \"py\"\n"
        ".asciz \"linked\"\n.asciz \"3.11\"\n1: .balign 4\n.popsection\n");
END
echo 'V_1 { near_both; near_function; }; V_2 { near_both; near_data; pointer; near_thread; } V_1;' \
    > "$work/map"
build() {
    out=$1 && shift
    cc -Os -fPIC -shared -nostdlib -nostartfiles -Wl,-z,noseparate-code -Wl,--build-id \
        -Wl,-soname,"$out" "$@" -o "$folder/$out" && strip "$folder/$out"
}
build gnu "$work/one.c" -Wl,--hash-style=gnu
build sysv "$work/one.c" -Wl,--hash-style=sysv -Wl,-rpath,/opt/lib
build versioned "$work/one.c" -DVERSIONED -Wl,--version-script="$work/map"
build needing "$work/one.c" "$folder/versioned" -Wl,-z,now -Wl,-rpath,'$ORIGIN'
build none -x c /dev/null

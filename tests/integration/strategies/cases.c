/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Runs one case by name. A number at the start of a name is the case's place in the matrix:
 *  1 exporting executable               16 thread-local                 32 two plugins, one shim
 *  2 executable without exports         18 IFUNC                        33 the provider's file
 * deleted 3 half of the runtime exported       19 data pointer with addend     34 $ORIGIN of the
 * plugin 4 RTLD_LOCAL, other SONAME           20 RELRO stays read-only        35 executable stack
 *  5 RTLD_LOCAL, same SONAME            21 lazy, no RELRO               37 wrong version
 *  7 provider without SONAME            22 -fno-plt                     39 constructed once
 *  8 RTLD_GLOBAL, other SONAME          23 packed relative relocations  40 promotion and extensions
 *  9 RTLD_DEEPBIND                      24 DT_HASH alone                41 bound before
 * 10 -Bsymbolic  11 protected           25 lld                          44 two that run
 * 12 versioned plugin, plain provider   26 no section headers           45 text relocations
 * 13 executable of another version      27 constructor of the plugin    46 a name usurped
 * 14 same SONAME, another version       30 the host closes its runtime  47 fork, no memfd
 * 15 COPY relocations                   31 refusal, then linked         48 DT_NEEDED not as
 * declared */
#include "host_process.h"

int main(int argc, char **argv)
{
    const struct test_case *const rooms[] = {cases_linked, cases_host, cases_interposed,
                                             cases_threads};

    for (size_t i = 0; argc == 2 && i < sizeof(rooms) / sizeof(rooms[0]); i++) {
        for (const struct test_case *one = rooms[i]; one->name; one++) {
            if (strcmp(one->name, argv[1]) == 0) {
                one->run();
                return expect_result();
            }
        }
    }
    fprintf(stderr, "usage: %s CASE\n", argv[0]);
    return 2;
}

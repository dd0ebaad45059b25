/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Runs one case by name. cases.list says in which executable; the numbers group what belongs to one
 * way in which a runtime can be there. */
#include "host_process.h"

int main(int argc, char **argv)
{
    const struct test_case *const rooms[] = {cases_linked, cases_host,    cases_interposed,
                                             cases_plugin, cases_refused, cases_rules,
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

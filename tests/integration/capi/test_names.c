/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Every name of the API is there to be found at run time. */
#include "capi.h"

#include <dlfcn.h>

int main(void)
{
    char name[128];
    unsigned count = 0;
    FILE *names = fopen(NAMES, "re");
    void *library = dlopen(LIBRARY, RTLD_NOW);
    CHECK(names != NULL && library != NULL);
    while (names != NULL && fscanf(names, "%127s", name) == 1) {
        count++;
        if (!CHECK(dlsym(library, name) != NULL))
            fprintf(stderr, "    %s\n", name);
    }
    CHECK(count > 170);
    if (names != NULL)
        fclose(names);
    if (library != NULL)
        dlclose(library);
    /* The three names that are types to a plugin are functions to a program. */
    CHECK(dlsym(RTLD_DEFAULT, "metacall_function") == (void *)metacall_function);
    CHECK(dlsym(RTLD_DEFAULT, "metacall_handle") == (void *)metacall_handle);
    CHECK(dlsym(RTLD_DEFAULT, "metacall_loader") == (void *)metacall_loader);
    return capi_result();
}

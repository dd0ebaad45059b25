/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A stranger's program: the public header and libmetacall.so, nothing initialised. It watches what
 * a library allocates: test_interpose_public. */
#include <dlfcn.h>
#include <metacall/interpose.h>
#include <metacall/loader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *next_strdup;
static int copies;

static char *counting_strdup(const char *text)
{
    char *(*next)(const char *) =
        (char *(*)(const char *))__atomic_load_n(&next_strdup, __ATOMIC_ACQUIRE);

    copies++;
    return next(text);
}

static int fail(const char *what)
{
    metacall_error *error = metacall_error_peek();

    fprintf(stderr, "%s: %s\n", what, error && error->message ? error->message : "no error is set");
    return 1;
}

int main(void)
{
    metacall_interpose_hook *hook = NULL;
    metacall_interpose *object = NULL;
    struct metacall_import import;
    size_t found = 0;

    if (metacall_interpose_open("libmetacall.so.1", &object) != 0)
        return fail("open");
    for (size_t i = 0; metacall_interpose_import(object, i, &import) == 0; i++)
        found += strcmp(import.symbol, "strdup") == 0 && import.kind == METACALL_IMPORT_FUNCTION &&
                 import.provider != NULL;
    if (found != 1)
        return fail("strdup is listed");
    if (metacall_interpose_replace(object, "strdup", (void *)counting_strdup, &next_strdup,
                                   &hook) != 0)
        return fail("replace");
    metacall_error_release(metacall_error_create(METACALL_ERROR_LOAD, "type", "message"));
    int counted = copies;
    free(strdup("this program's own call goes past it"));
    if (counted == 0 || copies != counted)
        return fail("calls of the library alone are seen");
    if (metacall_interpose_restore(hook) != 0)
        return fail("restore");
    metacall_error_release(metacall_error_create(METACALL_ERROR_LOAD, "type", "message"));
    if (copies != counted)
        return fail("no call is seen any more");
    metacall_interpose_close(object);
    return 0;
}

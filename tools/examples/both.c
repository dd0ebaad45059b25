/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A C program that calls Python and Node in one process. */
#include <metacall/metacall.h>
#include <stdio.h>

static int fail(const char *what)
{
    struct metacall_exception_type error = {0};

    if (metacall_error_last(&error) == 0 && error.message != NULL)
        fprintf(stderr, "%s: %s\n", what, error.message);
    else
        fprintf(stderr, "%s failed\n", what);
    return 1;
}

int main(int argc, char **argv)
{
    const char *python[] = {argc > 1 ? argv[1] : "guest.py"};
    const char *node[] = {argc > 2 ? argv[2] : "guest.js"};
    const enum metacall_value_id numbers[] = {METACALL_LONG, METACALL_LONG};
    metacall_value *from_python, *from_node, *images;

    if (metacall_initialize() != 0)
        return fail("initialize");
    if (metacall_load_from_file("py", python, 1, NULL) != 0)
        return fail("load guest.py");
    if (metacall_load_from_file("node", node, 1, NULL) != 0)
        return fail("load guest.js");
    from_python = metacallt("py_add", numbers, 2L, 40L);
    from_node = metacallt("nodeAdd", numbers, 2L, 40L);
    images = metacall("images");
    if (from_python == NULL || from_node == NULL || images == NULL)
        return fail("call");
    if (metacall_value_to_long(from_python) != 42 || metacall_value_to_long(from_node) != 42)
        return fail("sum");
    printf("a C program calls both; %s\n", metacall_value_to_string(images));
    metacall_value_destroy(from_python);
    metacall_value_destroy(from_node);
    metacall_value_destroy(images);
    return metacall_destroy();
}

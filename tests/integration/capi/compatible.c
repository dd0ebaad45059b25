/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A program as people write them for MetaCall core 0.9: void pointers all the way, headers by the
 * incumbent's names. It must compile without a warning and run. */
#include <metacall/metacall.h>
#include <metacall/metacall_allocator.h>
#include <metacall/metacall_error.h>
#include <metacall/metacall_value.h>
#include <metacall/metacall_version.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *c_sum(size_t argc, void *args[], void *data)
{
    long a = metacall_value_to_long(args[0]);
    long b = metacall_value_to_long(args[1]);
    (void)argc;
    (void)data;
    return metacall_value_create_long(a + b);
}

static int fail(const char *what)
{
    struct metacall_exception_type ex;
    fprintf(stderr, "compatible: %s: %s\n", what,
            metacall_error_last(&ex) == 0 ? ex.message : "no error");
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    static const char *paths[] = {SCRIPTS "/basic.mock"};
    static const char buffer[] = "long from_buffer(long x) = x + 1";
    const enum metacall_value_id double_ids[] = {METACALL_DOUBLE, METACALL_DOUBLE};
    struct metacall_allocator_std_type std_ctx = {&malloc, &realloc, &free};
    void *handle = NULL, *ret = NULL, *func = NULL;
    enum metacall_value_id id;
    size_t size = 0;

    metacall_print_info();
    metacall_log_null();
    metacall_initialize_args(argc, argv);
    if (metacall_initialize() != 0)
        return fail("initialize");
    if (metacall_load_from_file("mock", paths, sizeof(paths) / sizeof(paths[0]), &handle) != 0)
        return fail("load from file");
    if (metacall_load_from_memory("mock", buffer, sizeof(buffer), NULL) != 0)
        return fail("load from memory");

    ret = metacall("from_buffer", 41L);
    if (ret == NULL || metacall_value_to_long(ret) != 42)
        return fail("metacall");
    metacall_value_destroy(ret);

    func = metacall_handle_function(handle, "two_doubles");
    if (func == NULL || metacall_function_size(func) != 2)
        return fail("handle function");
    if (metacall_function_parameter_type(func, 0, &id) != 0 || id != METACALL_DOUBLE)
        return fail("parameter type");
    void *args[] = {metacall_value_create_double(3.0), metacall_value_create_double(4.0)};
    ret = metacallfv(func, args);
    if (ret == NULL || metacall_value_to_double(ret) != 7.0)
        return fail("metacallfv");
    metacall_value_destroy(ret);
    ret = metacallhv_s(handle, "two_doubles", args, 2);
    if (ret == NULL || metacall_value_cast_int(&ret) != 7)
        return fail("metacallhv_s");
    metacall_value_destroy(ret);
    ret = metacallht_s(handle, "two_doubles", double_ids, 2, 0.5, 0.25);
    if (ret == NULL || metacall_value_to_double(ret) != 0.75)
        return fail("metacallht_s");
    metacall_value_destroy(ret);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);

    if (metacall_register("c_sum", &c_sum, &func, METACALL_LONG, 2, METACALL_LONG, METACALL_LONG) !=
        0)
        return fail("register");
    ret = metacall("c_sum", 30L, 12L);
    if (ret == NULL || metacall_value_to_long(ret) != 42)
        return fail("registered function");
    metacall_value_destroy(ret);

    const void *values[] = {metacall_value_create_int(1), metacall_value_create_string("two", 3)};
    void *array = metacall_value_create_array(values, sizeof(values) / sizeof(values[0]));
    void **elements = metacall_value_to_array(array);
    if (metacall_value_count(array) != 2 || metacall_value_to_int(elements[0]) != 1 ||
        strcmp(metacall_value_to_string(elements[1]), "two") != 0)
        return fail("array");
    metacall_value_destroy(array);

    void *allocator = metacall_allocator_create(METACALL_ALLOCATOR_STD, (void *)&std_ctx);
    char *inspect = metacall_inspect(&size, allocator);
    if (inspect == NULL || size == 0)
        return fail("inspect");
    metacall_allocator_free(allocator, inspect);
    metacall_allocator_destroy(allocator);

    if (metacall_clear(handle) != 0)
        return fail("clear");
    return metacall_destroy() == 0 ? EXIT_SUCCESS : fail("destroy");
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
// The same in C++, which converts no void pointer by itself.
#include <metacall/metacall.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

static void *c_twice(size_t, void *args[], void *)
{
    return metacall_value_create_long(metacall_value_to_long(args[0]) * 2);
}

static int fail(const char *what)
{
    metacall_exception_type ex;
    std::fprintf(stderr, "compatible_cxx: %s: %s\n", what,
                 metacall_error_last(&ex) == 0 ? ex.message : "no error");
    return EXIT_FAILURE;
}

int main()
{
    const char *paths[] = {SCRIPTS "/basic.mock"};
    void *handle = nullptr;

    if (metacall_initialize() != 0)
        return fail("initialize");
    if (metacall_load_from_file("mock", paths, 1, &handle) != 0)
        return fail("load");
    void *func = metacall_handle_function(handle, "greet");
    void *args[] = {metacall_value_create_string("C++", 3)};
    void *ret = metacallfv_s(func, args, 1);
    if (ret == nullptr || std::string(metacall_value_to_string(ret)) != "Hello C++!")
        return fail("metacallfv_s");
    metacall_value_destroy(ret);
    metacall_value_destroy(args[0]);

    if (metacall_register("c_twice", c_twice, nullptr, METACALL_LONG, 1, METACALL_LONG) != 0)
        return fail("register");
    void *by_name = metacall_function("c_twice");
    ret = metacallf(by_name, 21L);
    if (ret == nullptr || metacall_value_to_long(ret) != 42 ||
        metacall_value_id(ret) != METACALL_LONG)
        return fail("metacallf");
    metacall_value_destroy(ret);
    if (metacall_handle("mock", "basic") != handle || metacall_loader("mock") == nullptr)
        return fail("handle");
    if (metacall_clear(handle) != 0)
        return fail("clear");
    return metacall_destroy() == 0 ? EXIT_SUCCESS : fail("destroy");
}

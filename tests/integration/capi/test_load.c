/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Loading from files, memory and packages: into the global scope, into handles, all or nothing. */
#include "capi.h"

#include <unistd.h>

/* A handle's name is the file's real path, wherever the sources lie. */
static void is_named(void *handle, const char *path)
{
    char *real = realpath(path, NULL);
    CHECK_TEXT(metacall_handle_id(handle), real);
    free(real);
}

static int load(const char *path, void **handle)
{
    const char *paths[1] = {path};
    return metacall_load_from_file("mock", paths, 1, handle);
}

static void test_into_the_global_scope(void)
{
    CHECK(load(SCRIPTS "/basic.mock", NULL) == 0);
    CHECK_JSON(metacall("two_doubles", 1.5, 2.0), "3.5");
    CHECK(load(SCRIPTS "/basic.mock", NULL) != 0);
    CHECK_ERROR("DUPLICATE", SCRIPTS "/basic.mock");
    /* The message names both files, and nothing of the second is left. */
    CHECK(load(SCRIPTS "/clash.mock", NULL) != 0);
    struct metacall_exception_type error;
    CHECK(metacall_error_last(&error) == 0);
    CHECK(strstr(error.message, "clash.mock") != NULL &&
          strstr(error.message, "basic.mock") != NULL);
    CHECK(metacall_function("fresh") == NULL);
    CHECK_ERROR("NOT_FOUND", "'fresh'");
    CHECK(metacall_handle("mock", "clash") == NULL);
    CHECK_ERROR("NOT_FOUND", "'clash'");
    CHECK(metacall_clear(metacall_handle("mock", "basic")) == 0);
    CHECK(metacall("two_doubles", 1.5, 2.0) == NULL);
    CHECK_ERROR("NOT_FOUND", "two_doubles");
}

static void test_into_handles(void)
{
    void *one = NULL, *two = NULL;
    CHECK(load(SCRIPTS "/basic.mock", &one) == 0 && one != NULL);
    CHECK(load(SCRIPTS "/clash.mock", &two) == 0 && two != NULL && two != one);
    CHECK(metacall_function("two_doubles") == NULL); /* private */
    CHECK_ERROR("NOT_FOUND", "two_doubles");
    void *arg = metacall_value_create_long(8);
    CHECK_JSON(metacallhv_s(two, "two_doubles", &arg, 1), "8");
    metacall_value_destroy(arg);
    /* Into an existing one: its names grow, or nothing happens. */
    CHECK(load(SCRIPTS "/other.mock", &one) == 0);
    CHECK(metacall_handle_function(one, "only_here") != NULL);
    CHECK(load(SCRIPTS "/clash.mock", &one) != 0);
    CHECK_ERROR("DUPLICATE", "two_doubles");
    CHECK(metacall_handle_function(one, "fresh") == NULL);
    CHECK_ERROR("NOT_FOUND", "fresh");
    CHECK(metacall_clear(one) == 0 && metacall_clear(two) == 0);
}

static void test_several_at_once(void)
{
    const char *good[2] = {SCRIPTS "/basic.mock", SCRIPTS "/other.mock"};
    const char *broken[2] = {SCRIPTS "/other.mock", SCRIPTS "/broken.mock"};
    const char *clash[2] = {SCRIPTS "/basic.mock", SCRIPTS "/clash.mock"};
    const char *null[2] = {SCRIPTS "/other.mock", NULL};
    void *handle = NULL;
    CHECK(metacall_load_from_file("mock", broken, 2, NULL) != 0);
    CHECK_ERROR("LOAD", "broken.mock:1:22: expected an expression");
    CHECK(metacall_function("only_here") == NULL); /* the good one went too */
    CHECK_ERROR("NOT_FOUND", "only_here");
    CHECK(metacall_load_from_file("mock", clash, 2, &handle) != 0 && handle == NULL);
    CHECK_ERROR("DUPLICATE", "two_doubles");
    CHECK(metacall_load_from_file("mock", clash, 2, NULL) != 0);
    CHECK_ERROR("DUPLICATE", "two_doubles");
    CHECK(metacall_function("echo") == NULL);
    CHECK_ERROR("NOT_FOUND", "echo");
    CHECK(metacall_load_from_file("mock", null, 2, NULL) != 0);
    CHECK_ERROR("ARGUMENT", "path 2");
    CHECK(metacall_load_from_file("mock", good, 2, &handle) == 0);
    CHECK(metacall_handle_function(handle, "only_here") != NULL);
    CHECK(metacall_handle_function(handle, "echo") != NULL);
    CHECK(metacall_clear(handle) == 0);
    CHECK(metacall_load_from_file("mock", good, 2, NULL) == 0);
    CHECK(metacall_handle("mock", "other.mock") != NULL); /* one handle a file */
    CHECK(metacall_clear(metacall_handle("mock", "other")) == 0);
    CHECK(metacall_clear(metacall_handle("mock", "basic")) == 0);
}

static void test_where_files_are_looked_for(void)
{
    void *handle = NULL;
    CHECK(load("no_such_file.mock", &handle) != 0 && handle == NULL);
    CHECK_ERROR("NOT_FOUND", "no_such_file.mock");
    CHECK(load("pack.mock", &handle) != 0);
    CHECK_ERROR("NOT_FOUND", "pack.mock");
    CHECK(metacall_execution_path("mock", SCRIPTS "/deeper") == 0);
    CHECK(load("pack.mock", &handle) == 0);
    is_named(handle, SCRIPTS "/deeper/pack.mock");
    CHECK(metacall_clear(handle) == 0);
    setenv("LOADER_SCRIPT_PATH", "/nowhere:" SCRIPTS, 1);
    handle = NULL;
    CHECK(load("other.mock", &handle) == 0);
    is_named(handle, SCRIPTS "/other.mock");
    CHECK(metacall_clear(handle) == 0);
    unsetenv("LOADER_SCRIPT_PATH");
    CHECK(chdir(SCRIPTS) == 0);
    handle = NULL;
    CHECK(load("other.mock", &handle) == 0);
    is_named(handle, SCRIPTS "/other.mock"); /* absolute all the same */
    CHECK(metacall_clear(handle) == 0);
    CHECK(metacall_execution_path_s("mockery", 4, SCRIPTS "/deeper",
                                    sizeof(SCRIPTS "/deeper") - 1) == 0);
    CHECK(metacall_execution_path("mock", NULL) != 0);
    CHECK_ERROR("ARGUMENT", "tag");
}

static void test_packages(void)
{
    CHECK(metacall_load_from_package("mock", "pack", NULL) == 0); /* on the execution path */
    CHECK_JSON(metacall("packed"), "\"from a package\"");
    CHECK(metacall_clear(metacall_handle("mock", "pack")) == 0);
    CHECK(metacall_load_from_package("mock", "nopack", NULL) != 0);
    CHECK_ERROR("NOT_FOUND", "nopack.mock");
    void *handle = NULL;
    CHECK(metacall_load_from_package_ex("mock", "pack", &handle, NULL) == 0);
    CHECK(metacall_clear(handle) == 0);
    CHECK(metacall_load_from_package_ex("mock", "pack", &handle, &handle) != 0);
    CHECK_ERROR("SUPPORT", "no options");
}

static void test_memory(void)
{
    static const char text[] = "long from_memory() = 5\n";
    static const char bad[] = "long a() = 1\nlong b() = )\n";
    void *handle = NULL;
    CHECK(metacall_load_from_memory("mock", text, sizeof(text), &handle) == 0); /* with its NUL */
    CHECK(metacall_clear(handle) == 0);
    handle = NULL;
    CHECK(metacall_load_from_memory("mock", text, sizeof(text) - 1, &handle) == 0);
    CHECK_JSON(metacallhv_s(handle, "from_memory", metacall_null_args, 0), "5");
    CHECK(strncmp(metacall_handle_id(handle), "<memory:", 8) == 0);
    CHECK(metacall_clear(handle) == 0);
    CHECK(metacall_load_from_memory("mock", bad, sizeof(bad), NULL) != 0);
    CHECK_ERROR("LOAD", ":2:12: expected an expression, found ')'");
    CHECK(metacall_load_from_memory("mock", NULL, 0, NULL) != 0);
    CHECK_ERROR("ARGUMENT", "something to load");
    CHECK(metacall_load_from_memory(NULL, text, sizeof(text), NULL) != 0);
    CHECK_ERROR("ARGUMENT", "tag");
}

static void test_wrong_handles(void)
{
    int junk = 0;
    void *handle = &junk;
    CHECK(load(SCRIPTS "/other.mock", &handle) != 0);
    CHECK_ERROR("ARGUMENT", "no handle");
    CHECK(metacall_load_from_file("mock", NULL, 0, NULL) != 0);
    CHECK_ERROR("ARGUMENT", "something to load");
    const char *none[1] = {NULL};
    CHECK(metacall_load_from_file("mock", none, 0, NULL) != 0);
    CHECK_ERROR("ARGUMENT", "no file");
}

int main(void)
{
    CHECK(metacall_initialize() == 0);
    test_into_the_global_scope();
    test_into_handles();
    test_several_at_once();
    test_where_files_are_looked_for();
    test_packages();
    test_memory();
    test_wrong_handles();
    CHECK(metacall_destroy() == 0);
    return capi_result();
}

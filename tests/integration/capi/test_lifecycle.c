/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Counted initialisation; nothing starts before it is needed; starting again after the end. */
#include "capi.h"

static void test_before(void)
{
    void *handle = NULL;
    CHECK(metacall_is_initialized(NULL) != 0);
    CHECK(metacall_is_initialized("mock") != 0);
    CHECK(metacall_load_from_memory("mock", "", 0, &handle) != 0);
    CHECK_ERROR("STATE", "metacall_initialize");
    CHECK(metacall("anything") == NULL);
    CHECK_ERROR("STATE", "not initialised");
    CHECK(metacall_inspect_value() == NULL);
    CHECK_ERROR("STATE", "not initialised");
    CHECK(metacall_destroy() == 0); /* harmless */
    CHECK_LONG(metacall_argc(), 0);
    CHECK(metacall_argv()[0] == NULL);
}

static void test_counting(void)
{
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_is_initialized(NULL) == 0);
    CHECK(metacall_is_initialized("mock") != 0); /* no loader has started */
    CHECK(metacall_load_from_memory("mock", "long f() = 1", 12, NULL) == 0);
    CHECK(metacall_is_initialized("mock") == 0);
    CHECK(metacall_destroy() == 0);
    CHECK(metacall_is_initialized("mock") == 0);
    CHECK(metacall_destroy() == 0);
    CHECK(metacall_is_initialized("mock") != 0);
    CHECK(metacall_is_initialized(NULL) != 0);
}

static void test_again_and_again(void)
{
    for (int i = 0; i < 20; i++) {
        CHECK(metacall_initialize() == 0);
        CHECK(metacall_load_from_memory("mock", "long f() = 7", 12, NULL) == 0);
        CHECK_JSON(metacall("f"), "7");
        CHECK(metacall_destroy() == 0);
    }
}

static void test_a_function_of_a_former_life(void)
{
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_load_from_memory("mock", "long f() = 7", 12, NULL) == 0);
    void *value = metacall_value_create_function(metacall_function("f"));
    CHECK(metacall_destroy() == 0);
    CHECK(metacallf(metacall_value_to_function(value)) == NULL);
    CHECK_ERROR("STATE", "its loader 'mock' has ended");
    metacall_value_destroy(value);
}

static void test_configuration(void)
{
    static char tag[] = "mock";
    struct metacall_initialize_configuration_type none[] = {{tag, NULL}, {NULL, NULL}};
    struct metacall_initialize_configuration_type some[] = {{tag, tag}, {NULL, NULL}};
    CHECK(metacall_initialize_ex(none) == 0);
    CHECK(metacall_initialize_ex(some) != 0);
    CHECK_ERROR("SUPPORT", "'mock' takes no options");
    static char one[] = "script", two[] = "--flag";
    char *argv[] = {one, two, NULL};
    metacall_initialize_args(2, argv);
    CHECK_LONG(metacall_argc(), 2);
    CHECK_TEXT(metacall_argv()[1], "--flag");
    metacall_flags(METACALL_FLAGS_FORK_SAFE);
    CHECK(metacall_destroy() == 0);
    metacall_initialize_args(0, NULL);
}

static void test_unknown_tags(void)
{
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_load_from_memory("nosuch", "", 0, NULL) != 0);
    CHECK_ERROR("NOT_FOUND", "nosuch");
    CHECK(metacall_loader("nosuch") == NULL);
    CHECK_ERROR("NOT_FOUND", "nosuch");
    CHECK(metacall_loader("mock") != NULL);
    CHECK(metacall_is_initialized("mock") == 0);
    CHECK(metacall_destroy() == 0);
}

static void test_information(void)
{
    const struct metacall_version_type *version = metacall_version();
    CHECK_TEXT(metacall_version_str(), version->str);
    CHECK_LONG(metacall_version_hex(),
               metacall_version_hex_make(version->major, version->minor, version->patch));
    CHECK_LONG(metacall_version_hex_make(1, 2, 3), 0x01020003);
    CHECK(strstr(metacall_print_info(), metacall_version_str()) != NULL);
    CHECK(metacall_version_name()[0] != '\0' && metacall_version_revision()[0] != '\0');
    CHECK_TEXT(metacall_serial(), "json");
    CHECK(metacall_detour()[0] != '\0' && metacall_args_size() >= 16);
}

int main(void)
{
    test_before();
    test_counting();
    test_again_and_again();
    test_a_function_of_a_former_life();
    test_configuration();
    test_unknown_tags();
    test_information();
    return capi_result();
}

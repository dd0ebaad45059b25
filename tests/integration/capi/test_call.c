/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Every way to call, with arguments that fit, that are converted, and that are refused. */
#include "capi.h"

static void *args[4];

static void **with(void *first, void *second)
{
    args[0] = first;
    args[1] = second;
    return args;
}

static void drop(size_t count)
{
    while (count != 0)
        metacall_value_destroy(args[--count]);
}

static void test_by_name(void)
{
    with(metacall_value_create_double(1.5), metacall_value_create_double(2));
    CHECK_JSON(metacallv("two_doubles", args), "3.5");
    CHECK_JSON(metacallv_s("two_doubles", args, 2), "3.5");
    CHECK(metacallv_s("two_doubles", args, 1) == NULL);
    CHECK_ERROR("ARGUMENT", "two_doubles (mock) takes 2 arguments, got 1");
    CHECK(metacallv_s("nowhere", args, 2) == NULL);
    CHECK_ERROR("NOT_FOUND", "no function 'nowhere'");
    CHECK(metacallv_s(NULL, args, 2) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacallv_s("answer", args, 0) == NULL);
    CHECK_ERROR("TYPE", "'answer' is loaded, but it is no function");
    drop(2);
}

static void test_by_types_and_lists(void)
{
    static const enum metacall_value_id ids[] = {METACALL_STRING, METACALL_STRING};
    static const enum metacall_value_id longs[] = {METACALL_LONG};
    CHECK_JSON(metacall("two_doubles", 1.25, 2.5), "3.75");
    CHECK_JSON(metacall("greet", "Bob", "?"), "\"Hello Bob?\"");
    CHECK_JSON(metacallt("greet", ids, "Eve", "."), "\"Hello Eve.\"");
    CHECK_JSON(metacallt_s("greet", ids, 1, "Eve"), "\"Hello Eve!\"");
    CHECK_JSON(metacallt_s("echo", longs, 1, 1234567890123L), "1234567890123");
    CHECK_JSON(metacall("triple", 1, 'x', -5), "[true,120,-5]");
    CHECK_JSON(metacall("more", 7, 0.5, (void *)0), "[7,0.5,false]");
    CHECK_JSON(metacallf(metacall_function("inc"), 41L), "42");
    void *value = metacall_value_create_string("as it is", 8);
    CHECK_JSON(metacall("echo", value), "\"as it is\""); /* no type: a value */
    metacall_value_destroy(value);
    CHECK(metacall("triple", 1, 1000, 2) == NULL);
    CHECK_ERROR("RANGE", "1000 does not fit Char");
    CHECK(metacall("greet", (char *)NULL, "!") == NULL);
    CHECK_ERROR("ARGUMENT", "string argument is NULL");
    CHECK(metacallf(NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
}

static void test_by_function(void)
{
    void *add = metacall_function("two_doubles");
    CHECK_LONG(metacall_function_size(add), 2);
    CHECK_LONG(metacall_function_async(add), 0);
    CHECK_LONG(metacall_function_async(NULL), -1);
    CHECK_LONG(metacall_function_size(NULL), 0);
    enum metacall_value_id id = METACALL_INVALID;
    CHECK(metacall_function_parameter_type(add, 1, &id) == 0 && id == METACALL_DOUBLE);
    CHECK(metacall_function_parameter_type(add, 2, &id) == 1);
    CHECK(metacall_function_return_type(add, &id) == 0 && id == METACALL_DOUBLE);
    CHECK(metacall_function_return_type(metacall_function("echo"), &id) == 0 &&
          id == METACALL_INVALID);
    with(metacall_value_create_double(1), metacall_value_create_double(2));
    CHECK_JSON(metacallfv(add, args), "3.0");
    CHECK_JSON(metacallfv_s(add, args, 2), "3.0");
    CHECK(metacallfv_s(NULL, args, 2) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacallfv(NULL, args) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    drop(2);
}

static void test_conversions_are_exact_or_refused(void)
{
    void *add = metacall_function("two_doubles"), *factorial = metacall_function("factorial");
    with(metacall_value_create_int(3), metacall_value_create_long(4));
    CHECK_JSON(metacallfv_s(add, args, 2), "7.0");
    CHECK_LONG(metacall_value_id(args[0]), METACALL_INT); /* the caller's is as it was */
    drop(2);
    with(metacall_value_create_long((1L << 53) + 1), metacall_value_create_long(4));
    CHECK(metacallfv_s(add, args, 2) == NULL);
    CHECK_ERROR("RANGE", "parameter 1 'a' must be Double, got Long 9007199254740993");
    drop(2);
    with(metacall_value_create_string("abc", 3), NULL);
    CHECK(metacallfv_s(factorial, args, 1) == NULL);
    CHECK_ERROR("TYPE", "factorial (mock): parameter 1 'n' must be Long, got String");
    drop(1);
    with(metacall_value_create_null(), NULL);
    CHECK(metacallfv_s(factorial, args, 1) == NULL);
    CHECK_ERROR("TYPE", "must be Long, got Null");
    drop(1);
    with(metacall_value_create_double(4.5), NULL);
    CHECK(metacallfv_s(factorial, args, 1) == NULL);
    CHECK_ERROR("RANGE", "must be Long, got Double 4.5");
    drop(1);
    with(metacall_value_create_double(5), NULL);
    CHECK_JSON(metacallfv_s(factorial, args, 1), "120");
    drop(1);
    with(NULL, NULL);
    CHECK(metacallfv_s(factorial, args, 1) == NULL);
    CHECK_ERROR("ARGUMENT", "argument 1 of factorial is NULL");
}

static void test_json_arguments(void)
{
    void *greet = metacall_function("greet");
    static const char list[] = "[\"Ann\", \"?\"]", map[] = "{\"mark\": \".\", \"name\": \"Bea\"}",
                      wrong[] = "{\"nme\": \"x\"}", lacking[] = "{\"mark\": \"x\"}";
    CHECK_JSON(metacallfs(greet, list, sizeof(list), NULL), "\"Hello Ann?\"");
    CHECK_JSON(metacallfs(greet, list, sizeof(list) - 1, NULL), "\"Hello Ann?\"");
    CHECK_JSON(metacallfms(greet, map, sizeof(map), NULL), "\"Hello Bea.\"");
    CHECK(metacallfms(greet, wrong, sizeof(wrong), NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "greet (mock) has no parameter 'nme'");
    CHECK(metacallfms(greet, lacking, sizeof(lacking), NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "lacks an argument for parameter 'name'");
    CHECK(metacallfs(greet, map, sizeof(map), NULL) == NULL);
    CHECK_ERROR("TYPE", "must be a JSON array");
    CHECK(metacallfms(greet, list, sizeof(list), NULL) == NULL);
    CHECK_ERROR("TYPE", "must be a JSON object");
    CHECK(metacallfs(greet, "[1", 2, NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "JSON:1:3");
    void *keys[2] = {metacall_value_create_string("mark", 4),
                     metacall_value_create_string("name", 4)};
    with(metacall_value_create_string("#", 1), metacall_value_create_string("Cy", 2));
    CHECK_JSON(metacallfmv(greet, keys, args), "\"Hello Cy#\"");
    metacall_value_destroy(keys[0]);
    keys[0] = metacall_value_create_long(1);
    CHECK(metacallfmv(greet, keys, args) == NULL);
    CHECK_ERROR("TYPE", "name of argument 1 is no string");
    metacall_value_destroy(keys[0]);
    metacall_value_destroy(keys[1]);
    drop(2);
}

static void test_functions_travel(void)
{
    void *inc = metacall("give_inc");
    CHECK_LONG(metacall_value_id(inc), METACALL_FUNCTION);
    with(inc, metacall_value_create_long(9));
    CHECK_JSON(metacallv_s("apply", args, 2), "10");
    void *same = metacallv_s("echo", args, 1);
    CHECK(metacall_value_to_function(same) == metacall_value_to_function(inc));
    metacall_value_destroy(same);
    drop(2);
}

static void test_every_kind_passes_through(void)
{
    static const char text[] = "a\0b \xc3\xa9 \xed\xa0\x80"; /* NUL, e acute, a lone surrogate */
    with(metacall_value_create_string(text, sizeof(text) - 1), NULL);
    void *back = metacallv_s("echo", args, 1);
    CHECK_LONG(metacall_value_size(back), sizeof(text));
    CHECK(memcmp(metacall_value_to_string(back), text, sizeof(text)) == 0);
    metacall_value_destroy(back);
    drop(1);
    with(metacall_value_create_buffer("\x00\xff\x01", 3), NULL);
    back = metacallv_s("echo", args, 1);
    CHECK_LONG(metacall_value_size(back), 3);
    CHECK(memcmp(metacall_value_to_buffer(back), "\x00\xff\x01", 3) == 0);
    metacall_value_destroy(back);
    drop(1);
    static const char nested[] =
        "{\"list\":[1,-2.5,true,null,\"x\",[],{}],\"big\":123456789012345678901234567890}";
    with(metacall_deserialize("json", nested, sizeof(nested), NULL), NULL);
    CHECK_JSON(metacallv_s("echo", args, 1), nested);
    drop(1);
    with(metacall_value_create_ptr(args), NULL);
    back = metacallv_s("echo", args, 1);
    CHECK(metacall_value_to_ptr(back) == (void *)args);
    metacall_value_destroy(back);
    drop(1);
}

static void test_deep_values(void)
{
    void *value = metacall_value_create_long(1);
    for (int i = 0; i < 1000; i++) {
        const void *one[1] = {value};
        value = metacall_value_create_array(one, 1);
    }
    with(value, NULL);
    void *back = metacallv_s("echo", args, 1);
    void *at = back;
    int depth = 0;
    while (metacall_value_id(at) == METACALL_ARRAY) {
        at = metacall_value_to_array(at)[0];
        depth++;
    }
    CHECK_LONG(depth, 1000);
    metacall_value_destroy(back);
    drop(1);
}

int main(void)
{
    const char *paths[] = {SCRIPTS "/basic.mock"};
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_load_from_file("mock", paths, 1, NULL) == 0);
    test_by_name();
    test_by_types_and_lists();
    test_by_function();
    test_conversions_are_exact_or_refused();
    test_json_arguments();
    test_functions_travel();
    test_every_kind_passes_through();
    test_deep_values();
    CHECK(metacall_destroy() == 0);
    return capi_result();
}

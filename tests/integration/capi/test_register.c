/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Functions written in C: called from C and from a script, typed, with closures, throwing. */
#include "capi.h"

static unsigned calls;

static void *add(size_t count, void *args[], void *data)
{
    (void)data;
    calls++;
    CHECK_LONG(count, 2);
    CHECK_LONG(metacall_value_id(args[0]), METACALL_INT); /* as declared, whatever was passed */
    return metacall_value_create_int(metacall_value_to_int(args[0]) +
                                     metacall_value_to_int(args[1]));
}

static void *with_data(size_t count, void *args[], void *data)
{
    (void)args;
    CHECK_LONG(count, 0);
    return metacall_value_create_long(*(long *)data);
}

static void *give_back(size_t count, void *args[], void *data)
{
    (void)count, (void)data;
    return args[0]; /* an argument itself */
}

static void *nothing(size_t count, void *args[], void *data)
{
    (void)count, (void)args, (void)data;
    return NULL;
}

static void *throws(size_t count, void *args[], void *data)
{
    (void)count, (void)data;
    return metacall_error_throw("CustomError", 77, "somewhere", "thrown with %s",
                                metacall_value_to_string(args[0]));
}

static void *fails(size_t count, void *args[], void *data)
{
    (void)count, (void)data;
    metacall_value_to_array(args[0]); /* leaves an error */
    return NULL;
}

static void test_registering(void)
{
    void *function = NULL;
    CHECK(metacall_register("c_add", add, &function, METACALL_INT, 2, METACALL_INT, METACALL_INT) ==
          0);
    CHECK(function != NULL && function == (void *)metacall_function("c_add"));
    CHECK_JSON(metacall("c_add", 3, 4), "7");
    CHECK_JSON(metacallfs(function, "[1, 2]", 6, NULL), "3");
    CHECK_LONG(calls, 2);
    CHECK(metacallfs(function, "[1, \"2\"]", 8, NULL) == NULL);
    CHECK_ERROR("TYPE", "c_add: parameter 2 must be Integer, got String");
    CHECK(metacallfs(function, "[1]", 3, NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "c_add takes 2 arguments, got 1");
    CHECK(metacallfs(function, "[1, 3000000000]", 15, NULL) == NULL);
    CHECK_ERROR("RANGE", "parameter 2 must be Integer, got Long 3000000000");
    CHECK_LONG(calls, 2); /* refused before it was called */
    CHECK(metacall_register("c_add", add, NULL, METACALL_INT, 2, METACALL_INT, METACALL_INT) != 0);
    CHECK_ERROR("DUPLICATE", "'c_add'");
    CHECK(metacall_register("no_invoke", NULL, NULL, METACALL_INT, 0) != 0);
    CHECK_ERROR("ARGUMENT", "invoke");
    CHECK(metacall_register("bad", add, NULL, METACALL_INT, 1, 999) != 0);
    CHECK_ERROR("ARGUMENT", "parameter 1 of 'bad'");
}

static void test_without_a_name(void)
{
    static long first = 11, second = 22;
    enum metacall_value_id none[1] = {METACALL_INVALID};
    void *one = NULL, *two = NULL;
    CHECK(metacall_registerv_closure(NULL, with_data, &one, METACALL_LONG, 0, none, &first) == 0);
    CHECK(metacall_registerv_closure("second", with_data, &two, METACALL_LONG, 0, none, &second) ==
          0);
    CHECK_JSON(metacallfv_s(one, metacall_null_args, 0), "11");
    CHECK_JSON(metacall("second"), "22");
    void *bound = metacall_value_create_function_closure(two, &first);
    CHECK_JSON(metacallfv_s(metacall_value_to_function(bound), metacall_null_args, 0), "11");
    metacall_value_destroy(bound);
    CHECK(metacall_value_create_function_closure(metacall_function("inc"), &first) == NULL);
    CHECK_ERROR("SUPPORT", "closure");
}

static void test_results(void)
{
    enum metacall_value_id any[1] = {METACALL_INVALID}, text[1] = {METACALL_STRING};
    CHECK(metacall_registerv("c_give_back", give_back, NULL, METACALL_INVALID, 1, any) == 0);
    CHECK(metacall_registerv("c_nothing", nothing, NULL, METACALL_NULL, 0, any) == 0);
    CHECK(metacall_registerv("c_throws", throws, NULL, METACALL_NULL, 1, text) == 0);
    CHECK(metacall_registerv("c_fails", fails, NULL, METACALL_NULL, 1, text) == 0);
    void *arg = metacall_value_create_string("mine", 4);
    void *back = metacallv_s("c_give_back", &arg, 1);
    CHECK_TEXT(metacall_value_to_string(back), "mine");
    CHECK(back != arg);
    metacall_value_destroy(back);
    CHECK_TEXT(metacall_value_to_string(arg), "mine"); /* still the caller's */
    CHECK_JSON(metacall("c_nothing"), "null");
    CHECK(metacallv_s("c_throws", &arg, 1) == NULL);
    struct metacall_exception_type error;
    CHECK(metacall_error_last(&error) == 0);
    CHECK_LONG(error.code, 77);
    CHECK_TEXT(error.stacktrace, "somewhere");
    CHECK_ERROR("CustomError", "thrown with mine");
    CHECK(metacallv_s("c_fails", &arg, 1) == NULL);
    CHECK_ERROR("TYPE", "a String is no Array");
    metacall_value_destroy(arg);
}

static void test_from_a_script(void)
{
    static const char text[] = "any use(long x) = call(\"c_add\", x, 5)\n"
                               "any hand(function f, any x) = f(x)\n"
                               "any caught(any x) = call(\"c_throws\", x)\n";
    CHECK(metacall_load_from_memory("mock", text, sizeof(text), NULL) == 0);
    CHECK_JSON(metacall("use", 37L), "42");
    void *args[2] = {metacall_value_create_function(metacall_function("c_give_back")),
                     metacall_value_create_string("round", 5)};
    CHECK_JSON(metacallv_s("hand", args, 2), "\"round\"");
    CHECK(metacallv_s("caught", args + 1, 1) == NULL);
    CHECK_ERROR("CustomError", "thrown with round"); /* through the script, as itself */
    metacall_value_destroy(args[0]);
    metacall_value_destroy(args[1]);
}

static void test_in_a_loader(void)
{
    enum metacall_value_id ids[2] = {METACALL_INT, METACALL_INT};
    void *handle = NULL;
    CHECK(metacall_handle_initialize(metacall_loader("mock"), "made in C", &handle) == 0);
    CHECK(metacall_register_loaderv(metacall_loader("mock"), handle, "in_handle", add, METACALL_INT,
                                    2, ids, NULL) == 0);
    CHECK(metacall_function("in_handle") == NULL);
    metacall_error_clear();
    CHECK_JSON(metacallfs(metacall_handle_function(handle, "in_handle"), "[1,1]", 5, NULL), "2");
    CHECK(metacall_register_loaderv(metacall_loader("mock"), NULL, "in_scope", add, METACALL_INT, 2,
                                    ids, NULL) == 0);
    CHECK_JSON(metacall("in_scope", 1, 2), "3");
    CHECK(metacall_register_loaderv(metacall_loader("mock"), NULL, "in_scope", add, METACALL_INT, 2,
                                    ids, NULL) != 0);
    CHECK_ERROR("DUPLICATE", "in_scope");
    CHECK(metacall_register_loaderv(NULL, NULL, "x", add, METACALL_INT, 2, ids, NULL) != 0);
    CHECK_ERROR("ARGUMENT", "loader");
    CHECK(metacall_clear(handle) == 0);
}

int main(void)
{
    const char *paths[] = {SCRIPTS "/basic.mock"};
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_load_from_file("mock", paths, 1, NULL) == 0);
    test_registering();
    test_without_a_name();
    test_results();
    test_from_a_script();
    test_in_a_loader();
    CHECK(metacall_destroy() == 0);
    return capi_result();
}

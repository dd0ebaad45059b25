/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Errors in C: the last one, exceptions as values, what is not supported and says so. */
#include "capi.h"

#include <metacall/metacall_kinds.h>

static void test_last(void)
{
    struct metacall_exception_type error;
    metacall_error_clear();
    CHECK(metacall_error_last(&error) != 0);
    CHECK(metacall_error_last(NULL) != 0);
    CHECK(metacall_function("missing") == NULL);
    CHECK(metacall_error_last(&error) == 0);
    CHECK_TEXT(error.label, "NOT_FOUND");
    CHECK_TEXT(error.stacktrace, "");
    CHECK_LONG(error.code, 7);
    metacall_error_clear();
    CHECK(metacall_error_last(&error) != 0);
}

static void test_of_a_guest(void)
{
    struct metacall_exception_type error;
    const char *paths[] = {SCRIPTS "/basic.mock"};
    CHECK(metacall_load_from_file("mock", paths, 1, NULL) == 0);
    CHECK(metacall("fail", "a reason") == NULL);
    CHECK(metacall_error_last(&error) == 0);
    CHECK_TEXT(error.label, "ValueError");
    CHECK_TEXT(error.message, "a reason");
    CHECK(strstr(error.stacktrace, "basic.mock:8:25: in fail") != NULL);
    metacall_error_clear();
}

static void test_as_values(void)
{
    struct metacall_exception_type error;
    void *thrown = metacall_error_throw("Label", -5, "trace", "message %d", 3);
    CHECK_LONG(metacall_value_id(thrown), METACALL_THROWABLE);
    CHECK(metacall_error_from_value(thrown, &error) == 0);
    CHECK_TEXT(error.label, "Label");
    CHECK_TEXT(error.message, "message 3");
    CHECK_TEXT(error.stacktrace, "trace");
    CHECK_LONG(error.code, -5);
    void *throwable = metacall_value_to_throwable(thrown);
    void *inner = metacall_throwable_value(throwable);
    CHECK_LONG(metacall_value_id(inner), METACALL_EXCEPTION);
    CHECK(metacall_throwable_value(throwable) == inner);
    void *copy = metacall_value_copy(inner);
    void *again = metacall_value_create_exception(metacall_value_to_exception(copy));
    metacall_value_destroy(thrown);
    metacall_value_destroy(copy);
    CHECK(metacall_error_from_value(again, &error) == 0);
    CHECK_TEXT(error.message, "message 3");
    CHECK(metacall_value_from_throwable(again, metacall_value_to_exception(again)) == again);
    CHECK_LONG(metacall_value_id(again), METACALL_THROWABLE);
    CHECK(metacall_value_from_exception(again, metacall_value_to_throwable(again)) == again);
    metacall_value_destroy(again);
    void *number = metacall_value_create_long(1);
    CHECK(metacall_error_from_value(number, &error) != 0);
    CHECK_ERROR("TYPE", "a Long is no exception");
    metacall_value_destroy(number);
    void *bare = metacall_error_throw(NULL, 0, NULL, "%s", "bare");
    CHECK(metacall_error_from_value(bare, &error) == 0);
    CHECK_TEXT(error.label, "GUEST");
    CHECK_TEXT(error.stacktrace, "");
    metacall_value_destroy(bare);
    CHECK(metacall_throwable_value(NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacall_value_create_throwable(NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
}

static void *unused(void *value, void *data)
{
    (void)data;
    return value;
}

/* What cannot be called says so, before anything runs. */
static void test_null_handles(void)
{
    const metacall_await_callbacks callbacks = {unused, unused};
    CHECK(metacall_await("no_such", metacall_null_args, unused, unused, NULL) == NULL);
    CHECK_ERROR("NOT_FOUND", "no_such");
    CHECK(metacall_await_s("no_such", metacall_null_args, 0, unused, unused, NULL) == NULL);
    CHECK_ERROR("NOT_FOUND", "no_such");
    CHECK(metacall_await_future(NULL, unused, unused, NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "future");
    CHECK(metacall_future_value(NULL, 0) == NULL);
    CHECK_ERROR("ARGUMENT", "future");
    CHECK(metacallfv_await(NULL, metacall_null_args, unused, unused, NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacallfv_await_struct_s(NULL, metacall_null_args, 0, callbacks, NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacallfs_await(NULL, "[]", 2, NULL, unused, unused, NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "function");
    CHECK(metacall_class("NoSuch") == NULL);
    CHECK_ERROR("NOT_FOUND", "no class 'NoSuch'");
    CHECK(metacall_class("echo") == NULL);
    CHECK_ERROR("TYPE", "'echo' is no class");
    CHECK(metacall_class(NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "class");
    CHECK(metacall_class_new(NULL, "C", metacall_null_args, 0) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacall_class_static_get(NULL, "k") == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacall_class_static_set(NULL, "k", NULL) != 0);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacallt_class(NULL, "m", METACALL_INT, metacall_null_args, 0) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacall_object_get(NULL, "k") == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacall_object_set(NULL, "k", NULL) != 0);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacallt_object(NULL, "m", METACALL_INT, metacall_null_args, 0) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
}

int main(void)
{
    CHECK(metacall_initialize() == 0);
    test_last();
    test_of_a_guest();
    test_as_values();
    test_null_handles();
    CHECK(metacall_destroy() == 0);
    return capi_result();
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Values made, read, assigned, copied, moved, referred to. */
#include "capi.h"

#include <metacall/metacall_kinds.h>

#include <limits.h>

static void test_scalars(void)
{
    void *v = metacall_value_create_bool(5);
    CHECK_LONG(metacall_value_to_bool(v), 1);
    CHECK_LONG(metacall_value_size(v), 1);
    CHECK(metacall_value_from_char(v, 'c') == v);
    CHECK_LONG(metacall_value_to_char(v), 'c');
    CHECK(metacall_value_from_short(v, SHRT_MIN) == v);
    CHECK_LONG(metacall_value_to_short(v), SHRT_MIN);
    CHECK_LONG(metacall_value_size(v), sizeof(short));
    CHECK(metacall_value_from_int(v, INT_MAX) == v);
    CHECK_LONG(metacall_value_to_int(v), INT_MAX);
    CHECK(metacall_value_from_long(v, LONG_MIN) == v);
    CHECK(metacall_value_to_long(v) == LONG_MIN);
    CHECK(metacall_value_from_float(v, 0.25f) == v);
    CHECK(metacall_value_to_float(v) == 0.25f);
    CHECK(metacall_value_from_double(v, 0.1) == v);
    CHECK(metacall_value_to_double(v) == 0.1);
    CHECK_LONG(metacall_value_count(v), 1);
    CHECK(metacall_value_from_bool(v, 0) == v);
    CHECK_LONG(metacall_value_to_bool(v), 0);
    CHECK(metacall_value_from_null(v) == v);
    CHECK_LONG(metacall_value_id(v), METACALL_NULL);
    CHECK(metacall_value_to_null(v) == NULL);
    CHECK_LONG(metacall_value_size(v), 0);
    metacall_value_destroy(v);
}

static void test_reading_never_reinterprets(void)
{
    void *text = metacall_value_create_string("abc", 3),
         *wide = metacall_value_create_long(1L << 40), *real = metacall_value_create_double(2);
    CHECK_LONG(metacall_value_to_int(text), 0);
    CHECK_ERROR("TYPE", "a String is no Integer");
    CHECK_LONG(metacall_value_to_int(wide), 0);
    CHECK_ERROR("RANGE", "a Long does not fit Integer exactly");
    CHECK_LONG(metacall_value_to_int(real), 2); /* exact */
    CHECK(metacall_value_to_double(wide) == (double)(1L << 40));
    CHECK(metacall_value_to_string(wide) == NULL);
    CHECK_ERROR("TYPE", "a Long is no String");
    CHECK(metacall_value_to_array(text) == NULL);
    CHECK_ERROR("TYPE", "a String is no Array");
    CHECK_LONG(metacall_value_to_bool(text), 0);
    CHECK_ERROR("TYPE", "no Boolean");
    CHECK(metacall_value_to_ptr(NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK_LONG(metacall_value_id(NULL), METACALL_INVALID);
    CHECK_LONG(metacall_value_size(NULL), 0);
    CHECK_LONG(metacall_value_count(NULL), 0);
    CHECK_TEXT(metacall_value_type_name(text), "String");
    CHECK_TEXT(metacall_value_type_name(NULL), "Invalid");
    CHECK_TEXT(metacall_value_id_name(METACALL_THROWABLE), "Throwable");
    metacall_value_destroy(text);
    metacall_value_destroy(wide);
    metacall_value_destroy(real);
}

static void test_strings_and_buffers(void)
{
    void *text = metacall_value_create_string("one\0two", 7);
    CHECK_LONG(metacall_value_size(text), 8);
    CHECK(memcmp(metacall_value_to_string(text), "one\0two", 8) == 0);
    CHECK(metacall_value_from_string(text, "much longer than before", 23) == text);
    CHECK_TEXT(metacall_value_to_string(text), "much longer than before");
    CHECK(metacall_value_from_string(text, NULL, 4) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK_TEXT(metacall_value_to_string(text), "much longer than before"); /* as it was */
    CHECK(metacall_value_from_buffer(text, "\1\2", 2) == text);
    CHECK_LONG(metacall_value_size(text), 2);
    CHECK_LONG(metacall_value_count(text), 2);
    metacall_value_destroy(text);
    void *zeros = metacall_value_create_buffer(NULL, 4);
    CHECK(memcmp(metacall_value_to_buffer(zeros), "\0\0\0\0", 4) == 0);
    metacall_value_destroy(zeros);
    CHECK(metacall_value_create_string(NULL, 3) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    void *empty = metacall_value_create_string("", 0);
    CHECK_TEXT(metacall_value_to_string(empty), "");
    CHECK_LONG(metacall_value_size(empty), 1);
    metacall_value_destroy(empty);
}

static void test_arrays_take_over(void)
{
    const void *items[3] = {metacall_value_create_long(1), metacall_value_create_string("two", 3),
                            metacall_value_create_null()};
    void *array = metacall_value_create_array(items, 3);
    CHECK_LONG(metacall_value_count(array), 3);
    CHECK_LONG(metacall_value_size(array), 3 * sizeof(void *));
    void **elements = metacall_value_to_array(array);
    CHECK(elements[0] == items[0]);
    CHECK_TEXT(metacall_value_to_string(elements[1]), "two");
    /* An element of one in another: it is copied, both stay whole. */
    const void *inner[1] = {elements[1]};
    void *copy = metacall_value_copy(array);
    const void *from_copy[1] = {metacall_value_to_array(copy)[1]};
    void *other = metacall_value_create_array(from_copy, 1);
    metacall_value_destroy(copy);
    CHECK_TEXT(metacall_value_to_string(metacall_value_to_array(other)[0]), "two");
    metacall_value_destroy(other);
    (void)inner;
    const void *bad[2] = {metacall_value_create_long(1), NULL};
    CHECK(metacall_value_create_array(bad, 2) == NULL);
    CHECK_ERROR("ARGUMENT", "element 1 is NULL");
    CHECK_LONG(metacall_value_to_long((void *)bad[0]), 1); /* still ours */
    metacall_value_destroy((void *)bad[0]);
    metacall_value_destroy(array);
    CHECK_JSON(metacall_value_create_array(NULL, 0), "[]");
    CHECK_JSON(metacall_value_create_array(NULL, 2), "[null,null]");
}

static void test_maps(void)
{
    const void *pair[2] = {metacall_value_create_string("key", 3), metacall_value_create_long(5)};
    const void *tuples[1] = {metacall_value_create_array(pair, 2)};
    void *map = metacall_value_create_map(tuples, 1);
    CHECK_LONG(metacall_value_count(map), 1);
    void **pairs = metacall_value_to_map(map);
    CHECK_TEXT(metacall_value_to_string(metacall_value_to_array(pairs[0])[0]), "key");
    CHECK_JSON(metacall_value_copy(map), "{\"key\":5}");
    const void *wrong[1] = {metacall_value_create_long(1)};
    CHECK(metacall_value_create_map(wrong, 1) == NULL);
    CHECK_ERROR("ARGUMENT", "tuple 0 of a map");
    CHECK(metacall_value_from_map(map, wrong, 1) == NULL);
    CHECK_ERROR("ARGUMENT", "tuple 0 of a map");
    CHECK_LONG(metacall_value_count(map), 1);
    CHECK(metacall_value_from_array(map, wrong, 1) == map); /* takes it over */
    CHECK_JSON(map, "[1]");
    CHECK_JSON(metacall_value_create_map(NULL, 0), "{}");
}

static void test_pointers(void)
{
    int target = 0;
    void *v = metacall_value_create_ptr(&target);
    CHECK(metacall_value_to_ptr(v) == &target);
    CHECK(metacall_value_from_future(v, NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "future");
    CHECK(metacall_value_from_class(v, NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "class");
    CHECK(metacall_value_from_object(v, NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "object");
    CHECK(metacall_value_to_ptr(v) == &target); /* as it was */
    CHECK(metacall_value_from_ptr(v, NULL) == v && metacall_value_to_ptr(v) == NULL);
    metacall_value_destroy(v);
    CHECK(metacall_value_create_future(NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "future");
    CHECK(metacall_value_create_class(NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "class");
    CHECK(metacall_value_create_object(NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "object");
}

static void test_kinds_of_our_own(void)
{
    void *date = metacall_value_create_date(1795457160123456);
    CHECK_LONG(metacall_value_id(date), METACALL_DATE);
    CHECK(metacall_value_to_date(date) == 1795457160123456);
    CHECK_LONG(metacall_value_to_date(NULL), 0);
    CHECK_ERROR("TYPE", "no Date");
    CHECK_LONG(metacall_value_size(date), 8);
    CHECK_JSON(date, "\"2026-11-23T18:06:00.123456Z\"");
    const void *items[2] = {metacall_value_create_long(1), metacall_value_create_string("b", 1)};
    void *set = metacall_value_create_set(items, 2, 1);
    CHECK_LONG(metacall_value_id(set), METACALL_SET);
    CHECK_LONG(metacall_value_count(set), 2);
    CHECK_LONG(metacall_value_to_long(metacall_value_to_set(set)[0]), 1);
    CHECK(metacall_value_to_array(set) == NULL);
    CHECK_ERROR("TYPE", "Set");
    CHECK_JSON(metacall_value_copy(set), "[1,\"b\"]");
    CHECK(metacall_value_cast(set, METACALL_ARRAY) == set && metacall_value_to_array(set) != NULL);
    metacall_value_destroy(set);
    void *big = metacall_value_create_bigint("1180591620717411303424", 22);
    CHECK_LONG(metacall_value_id(big), METACALL_BIGINT);
    CHECK_JSON(big, "1180591620717411303424");
    big = metacall_value_create_bigint("-7", 2);
    CHECK_LONG(metacall_value_id(big), METACALL_LONG);
    metacall_value_destroy(big);
    CHECK(metacall_value_create_bigint("x", 1) == NULL);
    CHECK_ERROR("ARGUMENT", "");
}

static void test_references(void)
{
    void *number = metacall_value_create_int(20);
    void *reference = metacall_value_reference(number);
    CHECK_LONG(metacall_value_id(reference), METACALL_PTR);
    *(int *)metacall_value_to_ptr(reference) = 21; /* as a callee would */
    CHECK_LONG(metacall_value_to_int(number), 21);
    CHECK(metacall_value_dereference(reference) == number);
    void *text = metacall_value_create_string("abc", 3);
    void *of_text = metacall_value_reference(text);
    CHECK_TEXT(metacall_value_to_ptr(of_text), "abc");
    CHECK(metacall_value_dereference(number) == NULL);
    CHECK_ERROR("TYPE", "a Integer is no reference");
    CHECK(metacall_value_reference(NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    metacall_value_destroy(reference);
    metacall_value_destroy(number);
    metacall_value_destroy(of_text);
    metacall_value_destroy(text);
}

static void test_moving(void)
{
    void *from = metacall_value_create_string("travels", 7),
         *to = metacall_value_create_string("x", 1);
    char *bytes = metacall_value_to_string(from);
    metacall_value_move(from, to);
    CHECK(metacall_value_to_string(to) == bytes);
    CHECK_LONG(metacall_value_id(from), METACALL_NULL);
    metacall_value_move(to, to);
    CHECK_TEXT(metacall_value_to_string(to), "travels");
    metacall_value_move(NULL, to);
    metacall_value_destroy(from);
    metacall_value_destroy(to);
    CHECK(metacall_value_copy(NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacall_value_from_int(NULL, 1) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacall_value_create_function(NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "function is NULL");
}

int main(void)
{
    /* Values need no initialised library. */
    test_scalars();
    test_reading_never_reinterprets();
    test_strings_and_buffers();
    test_arrays_take_over();
    test_maps();
    test_pointers();
    test_kinds_of_our_own();
    test_references();
    test_moving();
    return capi_result();
}

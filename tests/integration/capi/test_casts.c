/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Casts by name: in place, lossy where C is, never memory read as what it is not. */
#include "capi.h"

#include <metacall/metacall_kinds.h>

#include <math.h>

/* Casts and shows the result; NULL = refused. */
static void cast(void *v, enum metacall_value_id id, const char *wanted)
{
    void *same = metacall_value_cast(v, id);
    if (wanted == NULL) {
        CHECK(same == NULL);
        metacall_value_destroy(v);
        metacall_error_clear();
        return;
    }
    CHECK(same == v);
    CHECK_LONG(metacall_value_id(v), id);
    CHECK_JSON(v, wanted);
}

static void *text(const char *data)
{
    return metacall_value_create_string(data, strlen(data));
}

static void test_numbers(void)
{
    cast(metacall_value_create_double(3.99), METACALL_INT, "3");
    cast(metacall_value_create_double(-3.99), METACALL_LONG, "-3");
    cast(metacall_value_create_double(-0.5), METACALL_LONG, "0");
    cast(metacall_value_create_double(1e300), METACALL_LONG, NULL);
    cast(metacall_value_create_double(NAN), METACALL_LONG, NULL);
    cast(metacall_value_create_long(300), METACALL_CHAR, NULL);
    cast(metacall_value_create_long((1L << 53) + 1), METACALL_DOUBLE, "9007199254740992.0");
    cast(metacall_value_create_long(7), METACALL_FLOAT, "7.0");
    cast(metacall_value_create_bool(1), METACALL_LONG, "1");
    cast(metacall_value_create_null(), METACALL_INT, "0");
    cast(metacall_value_create_float(0.5f), METACALL_DOUBLE, "0.5");
    cast(metacall_value_create_short(5), METACALL_SHORT, "5");
}

static void test_texts(void)
{
    cast(text("42"), METACALL_LONG, "42");
    cast(text("-7.5"), METACALL_DOUBLE, "-7.5");
    cast(text("7.9"), METACALL_INT, "7");
    cast(text("42x"), METACALL_LONG, NULL);
    cast(text(""), METACALL_LONG, NULL);
    cast(text("123456789012345678901234567890"), METACALL_DOUBLE, "1.2345678901234568e+29");
    cast(metacall_value_create_long(-42), METACALL_STRING, "\"-42\"");
    cast(metacall_value_create_double(0.1), METACALL_STRING, "\"0.1\"");
    cast(metacall_value_create_float(0.1f), METACALL_STRING, "\"0.1\"");
    cast(metacall_value_create_bool(0), METACALL_STRING, "\"false\"");
    cast(metacall_value_create_null(), METACALL_STRING, "\"null\"");
    cast(metacall_deserialize("json", "123456789012345678901234567890", 30, NULL), METACALL_STRING,
         "\"123456789012345678901234567890\"");
    cast(metacall_value_create_buffer("ab", 2), METACALL_STRING, "\"ab\"");
    cast(metacall_value_create_array(NULL, 0), METACALL_STRING, NULL);
}

static void test_truth(void)
{
    cast(metacall_value_create_long(0), METACALL_BOOL, "false");
    cast(metacall_value_create_double(0.5), METACALL_BOOL, "true");
    cast(text(""), METACALL_BOOL, "false");
    cast(text("0"), METACALL_BOOL, "true");
    cast(metacall_value_create_null(), METACALL_BOOL, "false");
    cast(metacall_value_create_array(NULL, 0), METACALL_BOOL, "false");
    cast(metacall_value_create_ptr("x"), METACALL_BOOL, "true");
}

static void test_others(void)
{
    cast(metacall_value_create_long(5), METACALL_ARRAY, "[5]");
    cast(metacall_deserialize("json", "{\"a\":1}", 7, NULL), METACALL_ARRAY, "[[\"a\",1]]");
    cast(text("x"), METACALL_NULL, "null");
    cast(text("x"), METACALL_FUNCTION, NULL);
    cast(metacall_value_create_long(1), METACALL_MAP, NULL);
    void *null = metacall_value_create_null();
    CHECK(metacall_value_cast(null, METACALL_PTR) == null && metacall_value_to_ptr(null) == NULL);
    metacall_value_destroy(null);
    void *buffer = text("xy");
    CHECK(metacall_value_cast(buffer, METACALL_BUFFER) == buffer);
    CHECK_LONG(metacall_value_size(buffer), 2);
    metacall_value_destroy(buffer);
    CHECK(metacall_value_cast(NULL, METACALL_INT) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
}

static void test_typed_forms(void)
{
    void *v = text("12");
    void *same = v;
    CHECK_LONG(metacall_value_cast_int(&v), 12);
    CHECK(v == same);
    CHECK_LONG(metacall_value_cast_long(&v), 12);
    CHECK_LONG(metacall_value_cast_short(&v), 12);
    CHECK_LONG(metacall_value_cast_char(&v), 12);
    CHECK(metacall_value_cast_double(&v) == 12.0);
    CHECK(metacall_value_cast_float(&v) == 12.0f);
    CHECK_TEXT(metacall_value_cast_string(&v), "12");
    CHECK(memcmp(metacall_value_cast_buffer(&v), "12", 2) == 0);
    CHECK_LONG(metacall_value_cast_bool(&v), 1);
    CHECK_LONG(metacall_value_to_bool(metacall_value_cast_array(&v)[0]), 1);
    CHECK(metacall_value_cast_null(&v) == NULL);
    CHECK(metacall_value_cast_ptr(&v) == NULL && metacall_value_id(v) == METACALL_PTR);
    CHECK(metacall_value_cast_map(&v) == NULL);
    CHECK_ERROR("TYPE", "a Pointer cannot be cast to Map");
    CHECK(metacall_value_cast_function(&v) == NULL && metacall_value_cast_future(&v) == NULL &&
          metacall_value_cast_class(&v) == NULL && metacall_value_cast_object(&v) == NULL &&
          metacall_value_cast_exception(&v) == NULL && metacall_value_cast_throwable(&v) == NULL);
    CHECK_ERROR("TYPE", "Throwable");
    CHECK_LONG(metacall_value_cast_int(NULL), 0);
    CHECK_ERROR("ARGUMENT", "NULL");
    metacall_value_destroy(v);
    v = metacall_error_throw("L", 1, NULL, "m");
    CHECK(metacall_value_cast_exception(&v) != NULL && metacall_value_id(v) == METACALL_EXCEPTION);
    CHECK(metacall_value_cast_throwable(&v) != NULL);
    metacall_value_destroy(v);
}

/* An instant from text and back. */
static void is_instant(const char *from, int64_t microseconds, const char *to)
{
    void *v = text(from);
    if (!CHECK(metacall_value_cast(v, METACALL_DATE) == v)) {
        CHECK_ERROR("", from);
    } else if (!CHECK(metacall_value_to_date(v) == microseconds)) {
        fprintf(stderr, "    %s: %lld\n", from, (long long)metacall_value_to_date(v));
    }
    CHECK_TEXT(metacall_value_cast_string(&v), to);
    metacall_value_destroy(v);
}

static void is_no_instant(const char *from)
{
    void *v = text(from);
    if (!CHECK(metacall_value_cast(v, METACALL_DATE) == NULL))
        fprintf(stderr, "    %s\n", from);
    CHECK_ERROR("TYPE", "a String cannot be cast to Date");
    metacall_value_destroy(v);
}

static void test_dates(void)
{
    is_instant("1970-01-01", 0, "1970-01-01T00:00:00Z");
    is_instant("2000-02-29T12:30:15.5Z", 951827415500000, "2000-02-29T12:30:15.500Z");
    is_instant("2026-11-23T18:06:00.123456+01:30", 1795451760123456, "2026-11-23T16:36:00.123456Z");
    is_instant("1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999999Z");
    is_instant("0001-01-01 00:00Z", -62135596800000000, "0001-01-01T00:00:00Z");
    is_instant("9999-12-31T23:59:59.999999Z", 253402300799999999, "9999-12-31T23:59:59.999999Z");
    is_instant("+012345-06-07", 327416947200000000, "+012345-06-07T00:00:00Z");
    is_instant("-000044-03-15", -63549360000000000, "-000044-03-15T00:00:00Z");
    is_no_instant("2026-11-23T18:06:00"); /* where? */
    is_no_instant("2023-02-29");
    is_no_instant("2026-13-01");
    is_no_instant("2026-11-23T24:00Z");
    is_no_instant("2026-11-23T18:06:00.1234567Z");
    is_no_instant("2026-11-23T18:06:00Z ");
    is_no_instant("yesterday");
    is_no_instant("+999999-01-01");
    void *v = metacall_value_create_long(1500);
    CHECK(metacall_value_cast(v, METACALL_DATE) == v && metacall_value_to_date(v) == 1500000);
    CHECK_LONG(metacall_value_cast_bool(&v), 1);
    CHECK(metacall_value_cast(v, METACALL_DATE) == NULL);
    CHECK_ERROR("TYPE", "a Boolean cannot be cast to Date");
    metacall_value_destroy(v);
    v = metacall_value_create_date(1500250);
    CHECK(metacall_value_cast_double(&v) == 1500.25);
    CHECK(metacall_value_cast(v, METACALL_DATE) == v && metacall_value_to_date(v) == 1500250);
    CHECK_LONG(metacall_value_cast_long(&v), 1500);
    metacall_value_destroy(v);
}

static void test_elements_in_place(void)
{
    void *list = metacall_deserialize("json", "[1.5, \"2\", {\"k\": 3.5}]", 22, NULL);
    void **items = metacall_value_to_array(list);
    CHECK(metacall_value_cast(items[0], METACALL_INT) == items[0]);
    CHECK(metacall_value_cast(items[1], METACALL_LONG) == items[1]);
    void **pair = metacall_value_to_array(metacall_value_to_map(items[2])[0]);
    CHECK(metacall_value_cast(pair[1], METACALL_STRING) == pair[1]);
    CHECK_JSON(list, "[1,2,{\"k\":\"3.5\"}]");
}

int main(void)
{
    test_numbers();
    test_texts();
    test_truth();
    test_others();
    test_typed_forms();
    test_dates();
    test_elements_in_place();
    return capi_result();
}

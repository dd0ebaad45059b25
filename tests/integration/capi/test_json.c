/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* JSON in and out: exact, strict, with the place of every fault. */
#include "capi.h"

#include <math.h>

static void there_and_back(const char *text, const char *wanted)
{
    CHECK_JSON(metacall_deserialize("json", text, strlen(text), NULL), wanted);
}

static void refused(const char *text, const char *label, const char *part)
{
    CHECK(metacall_deserialize("json", text, strlen(text), NULL) == NULL);
    CHECK_ERROR(label, part);
}

static void test_values(void)
{
    there_and_back("null", "null");
    there_and_back(" [ 1 , 2.50 , -0 , -0.0, true , false , \"x\" ] ",
                   "[1,2.5,-0.0,-0.0,true,false,\"x\"]");
    there_and_back("9223372036854775807", "9223372036854775807");
    there_and_back("-9223372036854775809", "-9223372036854775809");
    there_and_back("123456789012345678901234567890123", "123456789012345678901234567890123");
    there_and_back("1e2", "100.0");
    there_and_back("0.1", "0.1");
    there_and_back("1E+300", "1e+300");
    there_and_back("5e-324", "4.94065645841247e-324");
    there_and_back("{\"a\":{\"b\":[{}]},\"\":1}", "{\"a\":{\"b\":[{}]},\"\":1}");
}

static void test_strings(void)
{
    there_and_back("\"\\u0041\\n\\t\\\"\\\\\\/\\b\"", "\"A\\n\\t\\\"\\\\/\\u0008\"");
    there_and_back("\"\\u0000\"", "\"\\u0000\"");                 /* a NUL, not the end */
    there_and_back("\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""); /* a pair is one character */
    there_and_back("\"\\ud800x\"", "\"\\ud800x\"");               /* a lone surrogate stays one */
    there_and_back("\"\\ud800\\u0041\"", "\"\\ud800A\"");
    there_and_back("\"\xc3\xa9\"", "\"\xc3\xa9\"");
    void *value = metacall_deserialize("json", "\"a\\u0000b\"", 10, NULL);
    CHECK_LONG(metacall_value_size(value), 4);
    metacall_value_destroy(value);
}

static void test_faults(void)
{
    refused("", "ARGUMENT", "JSON:1:1: expected a value, found the end");
    refused("[1,]", "ARGUMENT", "JSON:1:4: expected a value, found ']'");
    refused("[1\n 2]", "ARGUMENT", "JSON:2:2: expected ',' or ']', found '2'");
    refused("{1:2}", "ARGUMENT", "JSON:1:2: expected a name in quotes, found '1'");
    refused("{\"a\" 1}", "ARGUMENT", "JSON:1:6: expected ':', found '1'");
    refused("{\"a\":1,}", "ARGUMENT", "JSON:1:8: expected a name in quotes");
    refused("[1] x", "ARGUMENT", "JSON:1:5: expected the end, found 'x'");
    refused("01", "ARGUMENT", "JSON:1:2: expected the end");
    refused("1.", "ARGUMENT", "expected a digit");
    refused("-", "ARGUMENT", "expected a digit");
    refused("1e", "ARGUMENT", "expected a digit");
    refused("+1", "ARGUMENT", "expected a value");
    refused("NaN", "ARGUMENT", "expected a value");
    refused("tru", "ARGUMENT", "expected a value");
    refused("\"abc", "ARGUMENT", "expected '\"'");
    refused("\"\\x\"", "ARGUMENT", "expected an escape");
    refused("\"\\u12g4\"", "ARGUMENT", "expected a hexadecimal digit");
    refused("\"\xff\"", "ARGUMENT", "expected valid UTF-8");
    refused("\"\xed\xa0\x80\"", "ARGUMENT", "expected valid UTF-8");
    refused("\"\xc0\x80\"", "ARGUMENT", "expected valid UTF-8");
    refused("\"a\nb\"", "ARGUMENT", "control characters");
    refused("1e999", "RANGE", "too large");
    CHECK(metacall_deserialize("json", NULL, 0, NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "NULL");
    CHECK(metacall_deserialize("yaml", "1", 1, NULL) == NULL);
    CHECK_ERROR("NOT_FOUND", "no serialiser 'yaml'");
}

static void test_what_json_cannot_say(void)
{
    size_t size;
    const void *nan[2] = {metacall_value_create_long(1), metacall_value_create_double(NAN)};
    void *array = metacall_value_create_array(nan, 2);
    const void *pair[2] = {metacall_value_create_string("list", 4), array};
    const void *tuples[1] = {metacall_value_create_array(pair, 2)};
    void *map = metacall_value_create_map(tuples, 1);
    CHECK(metacall_serialize("json", map, &size, NULL) == NULL);
    CHECK_ERROR("TYPE", "JSON has no form for NaN at .list[1]");
    metacall_value_destroy(map);
    void *buffer = metacall_value_create_buffer("x", 1);
    CHECK(metacall_serialize("json", buffer, &size, NULL) == NULL);
    CHECK_ERROR("TYPE", "JSON has no form for Buffer");
    metacall_value_destroy(buffer);
    const void *odd[2] = {metacall_value_create_long(1), metacall_value_create_long(2)};
    const void *one[1] = {metacall_value_create_array(odd, 2)};
    map = metacall_value_create_map(one, 1);
    CHECK(metacall_serialize("json", map, &size, NULL) == NULL);
    CHECK_ERROR("TYPE", "keys that are no strings");
    metacall_value_destroy(map);
    CHECK(metacall_serialize("json", NULL, &size, NULL) == NULL);
    CHECK_ERROR("ARGUMENT", "nothing to serialise");
}

static void test_depth(void)
{
    char *deep = malloc(4002);
    memset(deep, '[', 2000);
    memset(deep + 2000, ']', 2000);
    deep[4000] = '\0';
    there_and_back(deep, deep);
    memset(deep, '[', 2001);
    deep[2001] = '\0';
    refused(deep, "RANGE", "deeper than 2000");
    free(deep);
    void *value = metacall_value_create_null();
    for (int i = 0; i < 5000; i++) {
        const void *one[1] = {value};
        value = metacall_value_create_array(one, 1);
    }
    size_t size;
    CHECK(metacall_serialize("json", value, &size, NULL) == NULL);
    CHECK_ERROR("RANGE", "deeper than 2000");
    metacall_value_destroy(value);
}

int main(void)
{
    test_values();
    test_strings();
    test_faults();
    test_what_json_cannot_say();
    test_depth();
    return capi_result();
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The mock language itself: what it computes, and where it says its faults are. */
#include "capi.h"

/* The value of an expression. */
static void is(const char *expression, const char *wanted)
{
    char text[512];
    void *handle = NULL;
    int size = snprintf(text, sizeof(text), "any it() = %s\n", expression);
    if (!CHECK(metacall_load_from_memory("mock", text, (size_t)size, &handle) == 0)) {
        CHECK_ERROR("", expression);
        return;
    }
    CHECK_JSON(metacallhv_s(handle, "it", metacall_null_args, 0), wanted);
    CHECK(metacall_clear(handle) == 0);
}

/* Throws when it is called. */
static void throws(const char *expression, const char *type, const char *part)
{
    char text[512];
    void *handle = NULL;
    int size = snprintf(text, sizeof(text), "any it() = %s\n", expression);
    CHECK(metacall_load_from_memory("mock", text, (size_t)size, &handle) == 0);
    CHECK(metacallhv_s(handle, "it", metacall_null_args, 0) == NULL);
    CHECK_ERROR(type, part);
    CHECK(metacall_clear(handle) == 0);
}

/* Is refused when it is loaded. */
static void refused(const char *text, const char *part)
{
    void *handle = NULL;
    CHECK(metacall_load_from_memory("mock", text, strlen(text), &handle) != 0);
    CHECK_ERROR("LOAD", part);
}

static void test_expressions(void)
{
    is("1 + 2 * 3 - 4 / 2", "5");
    is("(1 + 2) * -3", "-9");
    is("7 / 2", "3");
    is("7.0 / 2", "3.5");
    is("1.5e3", "1500.0");
    is("\"a\" + \"b\\n\\x41\\0c\"", "\"ab\\nA\\u0000c\"");
    is("[1, [2]] + [3]", "[1,[2],3]");
    is("{\"k\": [1, 2]}[\"k\"][1]", "2");
    is("if(1 < 2, \"yes\", raise(\"No\", \"no\"))", "\"yes\"");
    is("[1 == 1.0, 1 != 2, 2 <= 2, 3 >= 4, \"a\" < \"b\", null == null, true == 1]",
       "[true,true,true,false,true,true,false]");
    is("size(\"abc\") + size([1, 2]) + size({})", "5");
    is("kind(bytes(\"x\"))", "\"Buffer\"");
    is("repeat(0, 3)", "[0,0,0]");
    is("[\n  1, # in brackets a line may go on\n  2\n]", "[1,2]");
    is("9223372036854775807", "9223372036854775807");
}

static void test_throwing(void)
{
    throws("9223372036854775807 + 1", "OverflowError", "64 bits");
    throws("1 / 0", "ZeroDivisionError", "zero");
    throws("-\"x\"", "TypeError", "'-' does not work on this String");
    throws("1 + \"x\"", "TypeError", "'+' does not work on Long and String");
    throws("[1] < [2]", "TypeError", "have no order");
    throws("[1][3]", "IndexError", "no such element");
    throws("{}[\"x\"]", "IndexError", "no such element");
    throws("1(2)", "TypeError", "a Long cannot be called");
    throws("if(1, 2, 3)", "TypeError", "condition");
    throws("raise(\"My\", \"own\")", "My", "own");
    throws("call(\"no_such_function\")", "NOT_FOUND", "no_such_function");
    throws("size(1)", "TypeError", "size needs something with a size, not Long");
}

static void test_faults(void)
{
    refused("long f( = 1\n", "<memory:");
    refused("long f( = 1\n", ":1:9: expected a type, found '='");
    refused("\n\n  nonsense g() = 1\n", ":3:3: expected a type, found 'nonsense'");
    refused("long f() = 1 2\n", ":1:14: expected the end of the line, found a number");
    refused("long f() = \"abc\n", ":1:12: this string has no end");
    refused("long f() = \"\\q\"\n", ":1:14: unknown escape");
    refused("long f() = 99999999999999999999\n", ":1:12: this number does not fit 64 bits");
    refused("long f() = 1x\n", ":1:12: this is no number");
    refused("long f() = $\n", ":1:12: this character has no meaning here");
    refused("long f() = g()\n", ":1:12: nothing is called 'g'");
    refused("long f() = if(1)\n", ":1:12: 'if' must be called with 3 argument(s)");
    refused("any f() = [size]\n", "'size' must be called");
}

/* However long or deep, an expression is refused before it can exhaust the stack. */
static void test_long_expressions(void)
{
    static const char *const parts[] = {"1+", "(", "-", "[", "f("};
    static const size_t count = 200000;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t length = strlen(parts[i]);
        char *text = malloc(count * length + 64), *at = text;
        void *handle = NULL;
        at += sprintf(at, "any f(any x) = ");
        for (size_t k = 0; k < count; k++, at += length)
            memcpy(at, parts[i], length);
        at += sprintf(at, "1\n");
        CHECK(metacall_load_from_memory("mock", text, (size_t)(at - text), &handle) != 0);
        CHECK_ERROR("LOAD", "nests less deeply");
        free(text);
    }
    is("((((((((((1+1+1+1+1+1+1+1+1+1))))))))))", "10");
}

static void test_results(void)
{
    static const char text[] = "double real() = 3\nint small() = 5\nint big() = 3000000000\n"
                               "string wrong() = 1\nany loop(any x) = loop(x)\n";
    void *arg = metacall_value_create_long(1);
    CHECK(metacall_load_from_memory("mock", text, sizeof(text), NULL) == 0);
    CHECK_JSON(metacall("real"), "3.0");
    void *small = metacall("small");
    CHECK_LONG(metacall_value_id(small), METACALL_INT);
    metacall_value_destroy(small);
    CHECK(metacall("big") == NULL);
    CHECK_ERROR("TypeError", "big must give Integer");
    CHECK(metacall("wrong") == NULL);
    CHECK_ERROR("TypeError", "wrong must give String");
    CHECK(metacallv_s("loop", &arg, 1) == NULL);
    CHECK_ERROR("RecursionError", "too deeply");
    metacall_value_destroy(arg);
}

int main(void)
{
    CHECK(metacall_initialize() == 0);
    test_expressions();
    test_throwing();
    test_faults();
    test_long_expressions();
    test_results();
    CHECK(metacall_destroy() == 0);
    return capi_result();
}

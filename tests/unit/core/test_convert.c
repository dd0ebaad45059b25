/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Conversions between kinds of numbers: exact, or refused with the right verdict. */
#include "check.h"

#include "core/convert.h"
#include "core/real_text.h"

#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>

static metacall_value of_long(int64_t number)
{
    metacall_value value = METACALL_SLOT_INIT;
    metacall_slot_long(&value, number);
    return value;
}

static metacall_value of_double(double number)
{
    metacall_value value = METACALL_SLOT_INIT;
    metacall_slot_double(&value, number);
    return value;
}

static void expect(metacall_value from, enum metacall_value_id to, enum convert_verdict verdict)
{
    metacall_value slot = METACALL_SLOT_INIT;
    CHECK_LONG(convert_exact(&slot, &from, to), verdict);
    CHECK_LONG(slot.id, verdict == CONVERT_DONE ? to : METACALL_NULL);
}

static void test_integers(void)
{
    expect(of_long(CHAR_MAX), METACALL_CHAR, CONVERT_DONE);
    expect(of_long(CHAR_MAX + 1L), METACALL_CHAR, CONVERT_RANGE);
    expect(of_long(SHRT_MIN), METACALL_SHORT, CONVERT_DONE);
    expect(of_long(SHRT_MIN - 1L), METACALL_SHORT, CONVERT_RANGE);
    expect(of_long(INT_MAX), METACALL_INT, CONVERT_DONE);
    expect(of_long(INT_MAX + 1L), METACALL_INT, CONVERT_RANGE);
    expect(of_long(5), METACALL_LONG, CONVERT_SAME);
    expect(of_long(1), METACALL_BOOL, CONVERT_KIND);
    expect(of_long(1), METACALL_STRING, CONVERT_KIND);
}

static void test_reals_to_integers(void)
{
    expect(of_double(4), METACALL_LONG, CONVERT_DONE);
    expect(of_double(4.5), METACALL_LONG, CONVERT_RANGE);
    expect(of_double(-0.0), METACALL_LONG, CONVERT_RANGE);
    expect(of_double(NAN), METACALL_INT, CONVERT_RANGE);
    expect(of_double(INFINITY), METACALL_LONG, CONVERT_RANGE);
    expect(of_double(9223372036854775808.0), METACALL_LONG, CONVERT_RANGE);
    expect(of_double(-9223372036854775808.0), METACALL_LONG, CONVERT_DONE);
}

static void test_integers_to_reals(void)
{
    expect(of_long(1L << 53), METACALL_DOUBLE, CONVERT_DONE);
    expect(of_long((1L << 53) + 1), METACALL_DOUBLE, CONVERT_RANGE);
    expect(of_long(INT64_MAX), METACALL_DOUBLE, CONVERT_RANGE);
    expect(of_long(INT64_MIN), METACALL_DOUBLE, CONVERT_DONE);
    expect(of_long(1L << 24), METACALL_FLOAT, CONVERT_DONE);
    expect(of_long((1L << 24) + 1), METACALL_FLOAT, CONVERT_RANGE);
}

static void test_doubles_to_floats(void)
{
    expect(of_double(0.1), METACALL_FLOAT, CONVERT_DONE); /* rounded: what a float is */
    expect(of_double(DBL_MAX), METACALL_FLOAT, CONVERT_RANGE);
    expect(of_double(INFINITY), METACALL_FLOAT, CONVERT_DONE);
    expect(of_double(NAN), METACALL_FLOAT, CONVERT_DONE);
}

static void test_other_kinds(void)
{
    metacall_value null = METACALL_SLOT_INIT, truth = METACALL_SLOT_INIT, text = METACALL_SLOT_INIT;
    metacall_slot_bool(&truth, 1);
    metacall_slot_borrow(&text, METACALL_STRING, "12", 2);
    expect(null, METACALL_PTR, CONVERT_DONE);
    expect(null, METACALL_LONG, CONVERT_KIND);
    expect(truth, METACALL_LONG, CONVERT_DONE);
    expect(text, METACALL_INT, CONVERT_KIND);
    expect(text, METACALL_DOUBLE, CONVERT_KIND);
    expect(text, METACALL_BUFFER, CONVERT_KIND);
    expect(of_long(3), METACALL_BIGINT, CONVERT_SAME);
}

static void test_big_integers(void)
{
    const uint64_t words[2] = {0, 1};
    metacall_value big = METACALL_SLOT_INIT, slot = METACALL_SLOT_INIT;
    CHECK(metacall_slot_bigint(&big, 0, words, 2) == 0);
    CHECK_LONG(convert_exact(&slot, &big, METACALL_LONG), CONVERT_RANGE);
    CHECK_LONG(convert_exact(&slot, &big, METACALL_DOUBLE), CONVERT_DONE);
    CHECK(slot.as.double_ == 18446744073709551616.0);
    metacall_slot_clear(&big);
}

static void test_text_of_reals(void)
{
    static const double reals[] = {0.1, 1e300, 3, -0.0, 1.0 / 3, 5e-324, DBL_MAX, 123456789.125};
    char text[REAL_TEXT_SIZE];
    double back = 0;
    for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
        real_format(text, reals[i], 0);
        CHECK(real_parse(text, strlen(text), &back) && back == reals[i]);
    }
    real_format(text, 0.1, 0);
    CHECK_TEXT(text, "0.1");
    real_format(text, (double)0.1f, 1);
    CHECK_TEXT(text, "0.1");
    CHECK(!real_parse("1.5x", 4, &back));
    CHECK(!real_parse("", 0, &back));
    CHECK(real_parse("1.5x", 3, &back) && back == 1.5);
}

/* A comma in the locale must not reach our texts. */
static void test_text_in_another_locale(void)
{
    static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "es_ES.UTF-8"};
    const char *found = NULL;
    for (size_t i = 0; i < 4 && found == NULL; i++)
        found = setlocale(LC_NUMERIC, locales[i]);
    char text[REAL_TEXT_SIZE];
    double back = 0;
    real_format(text, 2.5, 0);
    CHECK_TEXT(text, "2.5");
    CHECK(real_parse("-12.25e1", 8, &back) && back == -122.5);
    if (found == NULL)
        printf("     (no locale with a decimal comma is installed)\n");
    setlocale(LC_NUMERIC, "C");
}

static const struct check_test tests[] = {
    {"integers", test_integers},
    {"reals to integers", test_reals_to_integers},
    {"integers to reals", test_integers_to_reals},
    {"doubles to floats", test_doubles_to_floats},
    {"other kinds", test_other_kinds},
    {"big integers", test_big_integers},
    {"text of reals", test_text_of_reals},
    {"text in another locale", test_text_in_another_locale},
};
CHECK_MAIN(tests)

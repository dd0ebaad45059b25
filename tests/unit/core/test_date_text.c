/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Instants as text and back: known ones, the ends of the range, and many in between against the C
 * library's own calendar. */
#include "check.h"

#include "core/date_text.h"

#include <stdlib.h>
#include <time.h>

static void is(int64_t microseconds, const char *wanted)
{
    char text[DATE_TEXT_SIZE];
    int64_t back = 0;
    date_format(text, microseconds);
    CHECK_TEXT(text, wanted);
    CHECK_LONG(date_parse(text, strlen(text), &back), 1);
    CHECK_LONG(back, microseconds);
}

static void test_known(void)
{
    is(0, "1970-01-01T00:00:00Z");
    is(-1, "1969-12-31T23:59:59.999999Z");
    is(951782400000000, "2000-02-29T00:00:00Z");
    is(951827415500000, "2000-02-29T12:30:15.500Z");
    is(-62135596800000000, "0001-01-01T00:00:00Z");
    is(-62167219200000000, "0000-01-01T00:00:00Z");
    is(-62167219200000001, "-000001-12-31T23:59:59.999999Z");
    is(253402300799999999, "9999-12-31T23:59:59.999999Z");
    is(253402300800000000, "+010000-01-01T00:00:00Z");
    is(INT64_MAX, "+294247-01-10T04:00:54.775807Z");
    is(INT64_MIN, "-290308-12-21T19:59:05.224192Z");
}

static void test_past_the_range(void)
{
    static const char *const texts[] = {"+294247-01-10T04:00:54.775808Z",
                                        "+294247-01-11",
                                        "-290308-12-21T19:59:05.224191Z",
                                        "-290308-12-20",
                                        "-999999-01-01",
                                        "+999999-12-31"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t microseconds = 7;
        CHECK_LONG(date_parse(texts[i], strlen(texts[i]), &microseconds), 0);
        CHECK_LONG(microseconds, 7);
    }
}

/* Every text that is cut short is refused, or a shorter form of its own. */
static void test_cut_short(void)
{
    static const char text[] = "2026-11-23T18:06:07.123456+01:30";
    for (size_t size = 0; size < sizeof(text) - 1; size++) {
        int64_t microseconds;
        int date_alone = size == 10;
        CHECK_LONG(date_parse(text, size, &microseconds), date_alone);
    }
}

static void test_against_the_c_library(void)
{
    uint64_t seed = 42;
    for (int i = 0; i < 20000; i++) {
        char text[DATE_TEXT_SIZE], wanted[DATE_TEXT_SIZE];
        int64_t back = 0;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        /* Years 0 to 9999. */
        int64_t seconds = (int64_t)((seed >> 16) % 315569520000u) - 62167219200;
        time_t time = (time_t)seconds;
        struct tm parts;
        if (gmtime_r(&time, &parts) == NULL || parts.tm_year + 1900 > 9999)
            continue;
        snprintf(wanted, sizeof(wanted), "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
        date_format(text, seconds * 1000000);
        if (strcmp(text, wanted) != 0)
            CHECK_TEXT(text, wanted);
        CHECK(date_parse(text, strlen(text), &back) && back == seconds * 1000000);
        /* Any instant at all. */
        date_format(text, (int64_t)seed);
        CHECK(date_parse(text, strlen(text), &back) && back == (int64_t)seed);
    }
}

static const struct check_test tests[] = {
    {"known", test_known},
    {"past the range", test_past_the_range},
    {"cut short", test_cut_short},
    {"against the C library", test_against_the_c_library},
};
CHECK_MAIN(tests)

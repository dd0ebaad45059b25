/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The proleptic Gregorian calendar, in years that begin with March: there the leap day is the last.
 */
#include "core/date_text.h"

#include <stdio.h>

#define SECOND_US 1000000
#define DAY_US (86400LL * SECOND_US)
#define DAYS_400_YEARS 146097
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

static int64_t date_floor(int64_t number, int64_t by, int64_t *ret_rest)
{
    int64_t whole = number / by, rest = number % by;
    if (rest < 0) {
        rest += by;
        whole--;
    }
    *ret_rest = rest;
    return whole;
}

void date_format(char text[DATE_TEXT_SIZE], int64_t microseconds)
{
    int64_t in_day, in_era;
    int64_t days = date_floor(microseconds, DAY_US, &in_day) + DAYS_TO_1970;
    int64_t era = date_floor(days, DAYS_400_YEARS, &in_era);
    int64_t year_of_era =
        (in_era - in_era / 1460 + in_era / 36524 - in_era / (DAYS_400_YEARS - 1)) / 365;
    int64_t in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march = (int)((5 * in_year + 2) / 153);
    int day = (int)(in_year - (153 * march + 2) / 5 + 1);
    int month = march < 10 ? march + 3 : march - 9;
    long long year = year_of_era + era * 400 + (month <= 2);
    int second = (int)(in_day / SECOND_US), rest = (int)(in_day % SECOND_US);
    int at = year >= 0 && year <= 9999 ? snprintf(text, DATE_TEXT_SIZE, "%04lld", year)
                                       : snprintf(text, DATE_TEXT_SIZE, "%c%06lld",
                                                  year < 0 ? '-' : '+', year < 0 ? -year : year);
    at += snprintf(text + at, DATE_TEXT_SIZE - (size_t)at, "-%02d-%02dT%02d:%02d:%02d", month, day,
                   second / 3600, second / 60 % 60, second % 60);
    if (rest % 1000 != 0)
        at += snprintf(text + at, DATE_TEXT_SIZE - (size_t)at, ".%06d", rest);
    else if (rest != 0)
        at += snprintf(text + at, DATE_TEXT_SIZE - (size_t)at, ".%03d", rest / 1000);
    snprintf(text + at, DATE_TEXT_SIZE - (size_t)at, "Z");
}

/* ---------------------------------------------------------------------------------- reading */

struct date_reader {
    const char *at, *end;
};

static int date_accept(struct date_reader *reader, char wanted)
{
    if (reader->at == reader->end || *reader->at != wanted)
        return 0;
    reader->at++;
    return 1;
}

/* A number of `least` to `most` digits; -1 where there is none. */
static int64_t date_digits(struct date_reader *reader, unsigned least, unsigned most)
{
    int64_t number = 0;
    unsigned count = 0;
    while (count < most && reader->at != reader->end && *reader->at >= '0' && *reader->at <= '9') {
        number = number * 10 + (*reader->at++ - '0');
        count++;
    }
    return count >= least ? number : -1;
}

/* "-12-31" after the year: the days since 1970. */
static int date_read_days(struct date_reader *reader, int64_t year, int64_t *ret_days)
{
    static const int lengths[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t month = date_accept(reader, '-') ? date_digits(reader, 2, 2) : -1;
    int64_t day = date_accept(reader, '-') ? date_digits(reader, 2, 2) : -1;
    int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month < 1 || month > 12 || day < 1 || day > lengths[month - 1] + (leap && month == 2))
        return 0;
    int64_t year_of_era, shifted = month <= 2 ? year - 1 : year;
    int64_t era = date_floor(shifted, 400, &year_of_era);
    int64_t in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t in_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + in_year;
    *ret_days = era * DAYS_400_YEARS + in_era - DAYS_TO_1970;
    return 1;
}

/* "18:06", "18:06:30", "18:06:30.25": microseconds of the day. */
static int date_read_time(struct date_reader *reader, int64_t *ret_time)
{
    int64_t hour = date_digits(reader, 2, 2);
    int64_t minute = date_accept(reader, ':') ? date_digits(reader, 2, 2) : -1, second = 0;
    int64_t part = 0, unit = SECOND_US;
    if (date_accept(reader, ':')) {
        second = date_digits(reader, 2, 2);
        if (date_accept(reader, '.')) {
            const char *first = reader->at;
            for (; reader->at != reader->end && *reader->at >= '0' && *reader->at <= '9';
                 reader->at++) {
                unit /= 10;
                if (unit == 0 && *reader->at != '0')
                    return 0; /* finer than an instant can be */
                part += unit * (*reader->at - '0');
            }
            if (reader->at == first)
                return 0;
        }
    }
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return 0;
    *ret_time = ((hour * 60 + minute) * 60 + second) * SECOND_US + part;
    return 1;
}

/* "Z", "+01:00": microseconds. */
static int date_read_offset(struct date_reader *reader, int64_t *ret_offset)
{
    *ret_offset = 0;
    if (date_accept(reader, 'Z'))
        return 1;
    int minus = date_accept(reader, '-');
    if (!minus && !date_accept(reader, '+'))
        return 0;
    int64_t hour = date_digits(reader, 2, 2);
    date_accept(reader, ':');
    int64_t minute = date_digits(reader, 2, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return 0;
    *ret_offset = (hour * 60 + minute) * 60 * SECOND_US * (minus ? -1 : 1);
    return 1;
}

int date_parse(const char *text, size_t size, int64_t *ret_microseconds)
{
    struct date_reader reader = {text, text + size};
    int minus = date_accept(&reader, '-'), wide = minus || date_accept(&reader, '+');
    int64_t year = date_digits(&reader, wide ? 6 : 4, wide ? 6 : 4);
    int64_t days, time = 0, offset = 0, sum, rest;
    if (year < 0 || !date_read_days(&reader, minus ? -year : year, &days))
        return 0;
    if (reader.at != reader.end) {
        if (!date_accept(&reader, 'T') && !date_accept(&reader, ' '))
            return 0;
        if (!date_read_time(&reader, &time) || !date_read_offset(&reader, &offset) ||
            reader.at != reader.end)
            return 0;
    }
    /* The first day that fits begins before the first instant that does: it is added as two halves,
     * the time between them. */
    if (__builtin_mul_overflow(days / 2, DAY_US, &sum) ||
        __builtin_mul_overflow(days - days / 2, DAY_US, &rest) ||
        __builtin_add_overflow(sum, time - offset, &sum) || __builtin_add_overflow(sum, rest, &sum))
        return 0;
    *ret_microseconds = sum;
    return 1;
}

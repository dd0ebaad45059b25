/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What every benchmark program in C needs: a clock, a median, and the line that tools/bench reads.
 * Take the value and its floor in turn, BENCH_SAMPLES times each, so that a change of the machine's
 * mood touches both. */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BENCH_SAMPLES = 9 };

static inline double bench_now(void) /* nanoseconds */
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static inline int bench_order(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* Sorts the samples in place. */
static inline double bench_median(double *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, bench_order);
    return count % 2 ? samples[count / 2] : (samples[count / 2 - 1] + samples[count / 2]) / 2;
}

/* 1 when the row is asked for (tools/bench --only): its id begins with METACALL_BENCH_ONLY. */
static inline int bench_wanted(const char *id)
{
    const char *only = getenv("METACALL_BENCH_ONLY");

    return only == NULL || strncmp(id, only, strlen(only)) == 0;
}

/* A row whose limit is a ratio to its floor; 0 = none, for the record. */
static inline void bench_row(const char *id, double value, double floor, const char *unit,
                             double limit)
{
    char text[32] = "null";

    if (limit > 0)
        snprintf(text, sizeof text, "%.9g", limit);
    printf("{\"id\":\"%s\",\"value\":%.9g,\"floor\":%.9g,\"unit\":\"%s\",\"ratio\":%.6g,"
           "\"limit\":%s}\n",
           id, value, floor, unit, value / floor, text);
    fflush(stdout);
}

/* A row whose limit is in the unit of its value. */
static inline void bench_absolute(const char *id, double value, const char *unit, double limit)
{
    printf("{\"id\":\"%s\",\"value\":%.9g,\"floor\":null,\"unit\":\"%s\",\"ratio\":null,"
           "\"limit\":%.9g}\n",
           id, value, unit, limit);
    fflush(stdout);
}

/* Bytes that the process has in use, counted exactly, and resident ones. */
struct bench_memory {
    double live;
    double resident;
};

enum { BENCH_CHUNKS = 10 };

/* The length of a leak row (tools/bench --calls), a multiple of BENCH_CHUNKS. */
static inline size_t bench_calls(size_t usual)
{
    const char *asked = getenv("METACALL_BENCH_CALLS");
    size_t calls = asked != NULL ? strtoul(asked, NULL, 10) : usual;

    return calls < BENCH_CHUNKS ? BENCH_CHUNKS : calls - calls % BENCH_CHUNKS;
}

static inline void bench_print_series(const char *key, const double *series)
{
    printf(",\"%s\":[", key);
    for (int i = 0; i <= BENCH_CHUNKS; i++)
        printf("%s%.0f", i == 0 ? "" : ",", series[i]);
    printf("]");
}

/* A leak row: BENCH_CHUNKS chunks of `body`, after two to warm up. tests/bench/table.py judges. */
static inline void bench_leak(const char *id, void (*body)(size_t count, void *data), size_t calls,
                              struct bench_memory (*measure)(void), void *data)
{
    double live[BENCH_CHUNKS + 1], resident[BENCH_CHUNKS + 1];
    size_t chunk = calls / BENCH_CHUNKS;

    body(2 * chunk, data);
    for (int i = 0; i <= BENCH_CHUNKS; i++) {
        if (i > 0)
            body(chunk, data);
        struct bench_memory now = measure();
        live[i] = now.live;
        resident[i] = now.resident;
    }
    printf("{\"id\":\"%s\",\"chunk\":%zu", id, chunk);
    bench_print_series("live", live);
    bench_print_series("resident", resident);
    printf("}\n");
    fflush(stdout);
}

/* Nanoseconds of one round of `body(count, data)`, which does its work `count` times. */
static inline double bench_time(void (*body)(size_t count, void *data), size_t count, void *data)
{
    double start = bench_now();

    body(count, data);
    return (bench_now() - start) / (double)count;
}

/* Medians of value and floor, sampled in turn after one round each to warm up, as one row. */
static inline void bench_compare(const char *id, void (*value)(size_t, void *),
                                 void (*floor)(size_t, void *), size_t count, void *data,
                                 double limit)
{
    double values[BENCH_SAMPLES], floors[BENCH_SAMPLES];

    if (!bench_wanted(id))
        return;
    value(count / 10 + 1, data);
    floor(count / 10 + 1, data);
    for (size_t i = 0; i < BENCH_SAMPLES; i++) {
        floors[i] = bench_time(floor, count, data);
        values[i] = bench_time(value, count, data);
    }
    bench_row(id, bench_median(values, BENCH_SAMPLES), bench_median(floors, BENCH_SAMPLES), "ns",
              limit);
}

#endif /* BENCH_ROW_H */

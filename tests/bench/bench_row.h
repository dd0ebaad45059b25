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

/* A row whose limit is a ratio to its floor. */
static inline void bench_row(const char *id, double value, double floor, const char *unit,
                             double limit)
{
    printf("{\"id\":\"%s\",\"value\":%.9g,\"floor\":%.9g,\"unit\":\"%s\",\"ratio\":%.6g,"
           "\"limit\":%.9g}\n",
           id, value, floor, unit, value / floor, limit);
    fflush(stdout);
}

/* A row whose limit is in the unit of its value (bytes leaked a call). */
static inline void bench_absolute(const char *id, double value, const char *unit, double limit)
{
    printf("{\"id\":\"%s\",\"value\":%.9g,\"floor\":null,\"unit\":\"%s\",\"ratio\":null,"
           "\"limit\":%.9g}\n",
           id, value, unit, limit);
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

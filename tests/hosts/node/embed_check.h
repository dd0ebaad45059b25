/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* What the programs that embed Node check with: the place of a failure, and the reason. */
#ifndef EMBED_CHECK_H
#define EMBED_CHECK_H

#include <metacall/loader.h>
#include <metacall/metacall.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline const char *reason(void)
{
    metacall_error *error = metacall_error_peek();

    return error && error->message ? error->message : "no error";
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("%s:%d: %s (error: %s)\n", __FILE__, __LINE__, #condition, reason());           \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static inline void *load_script(const char *text)
{
    void *handle = NULL;

    CHECK(metacall_load_from_memory("node", text, strlen(text) + 1, &handle) == 0);
    return handle;
}

static inline double call_number(void *function, double argument)
{
    void *args[1] = {metacall_value_create_double(argument)};
    void *result = metacallfv_s(function, args, 1);
    double number;

    CHECK(result != NULL);
    number = metacall_value_id(result) == METACALL_LONG ? (double)metacall_value_to_long(result)
                                                        : metacall_value_to_double(result);
    metacall_value_destroy(args[0]);
    metacall_value_destroy(result);
    return number;
}

static inline void sleep_ms(long ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000L};

    nanosleep(&pause, NULL);
}

#endif /* EMBED_CHECK_H */

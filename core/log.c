/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The log: off by default, because a library does not print. */
#include "core/log.h"

#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static log_sink log_current;
static void *log_data;

void log_set_sink(log_sink sink, void *data)
{
    pthread_mutex_lock(&log_lock);
    log_data = data;
    __atomic_store_n(&log_current, sink, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&log_lock);
}

void log_write(enum log_level level, const char *format, ...)
{
    if (__atomic_load_n(&log_current, __ATOMIC_RELAXED) == NULL)
        return;
    char line[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    pthread_mutex_lock(&log_lock);
    if (log_current != NULL)
        log_current(level, line, log_data);
    pthread_mutex_unlock(&log_lock);
}

void log_reset_lock(void)
{
    pthread_mutex_init(&log_lock, NULL);
}

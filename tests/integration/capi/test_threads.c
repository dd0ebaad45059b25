/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Eight threads load, call, clear and fail at once. */
#include "capi.h"

#include <pthread.h>

enum { THREADS = 8, ROUNDS = 300 };

static void *work(void *data)
{
    const int self = (int)(size_t)data;
    char text[128];
    for (int i = 0; i < ROUNDS; i++) {
        void *handle = NULL;
        int size = snprintf(text, sizeof(text), "long mine(long x) = x + %d\n", self);
        CHECK(metacall_load_from_memory("mock", text, (size_t)size, &handle) == 0);
        void *arg = metacall_value_create_long(i);
        void *ret = metacallhv_s(handle, "mine", &arg, 1);
        CHECK(ret != NULL && metacall_value_to_long(ret) == i + self);
        metacall_value_destroy(ret);
        ret = metacallv_s("inc", &arg, 1);
        CHECK(ret != NULL && metacall_value_to_long(ret) == i + 1);
        metacall_value_destroy(ret);
        metacall_value_destroy(arg);
        CHECK(metacall_clear(handle) == 0);
        snprintf(text, sizeof(text), "missing_%d", self);
        CHECK(metacall(text) == NULL);
        struct metacall_exception_type error; /* each thread has its own */
        CHECK(metacall_error_last(&error) == 0 && strstr(error.message, text) != NULL);
    }
    return NULL;
}

int main(void)
{
    const char *paths[] = {SCRIPTS "/basic.mock"};
    pthread_t threads[THREADS];
    CHECK(metacall_initialize() == 0);
    CHECK(metacall_load_from_file("mock", paths, 1, NULL) == 0);
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(metacall_destroy() == 0);
    return capi_result();
}

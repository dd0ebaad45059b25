/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The gate of a runtime: counts, closes, waits. */
#include "check.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

static struct metacall_gate gate;

static void test_closing_an_empty_gate(void)
{
    metacall_gate_reset(&gate);
    CHECK(metacall_gate_enter(&gate) == 0);
    CHECK_LONG(gate.inside, 1);
    metacall_gate_leave(&gate);
    CHECK(metacall_gate_close(&gate, 0, 1000) == 0);
    CHECK(metacall_gate_enter(&gate) == -1);
    CHECK_LONG(gate.inside, 0);
    metacall_gate_reset(&gate);
    CHECK(metacall_gate_enter(&gate) == 0);
    metacall_gate_leave(&gate);
}

static void test_closing_from_inside(void)
{
    metacall_gate_reset(&gate);
    CHECK(metacall_gate_enter(&gate) == 0 && metacall_gate_enter(&gate) == 0);
    CHECK(metacall_gate_close(&gate, 2, 1000) == 0); /* both frames are the caller's own */
    CHECK(metacall_gate_close(&gate, 1, 30) == -1);
    metacall_gate_reset(&gate);
}

static void *stay_inside(void *data)
{
    (void)data;
    if (metacall_gate_enter(&gate) != 0)
        return NULL;
    usleep(30000);
    metacall_gate_leave(&gate);
    return &gate;
}

static void test_closing_waits(void)
{
    pthread_t thread;
    void *entered;
    metacall_gate_reset(&gate);
    pthread_create(&thread, NULL, stay_inside, NULL);
    while (__atomic_load_n(&gate.inside, __ATOMIC_SEQ_CST) == 0)
        usleep(100);
    CHECK(metacall_gate_close(&gate, 0, 5000) == 0);
    CHECK_LONG(gate.inside, 0);
    pthread_join(thread, &entered);
    CHECK(entered != NULL);
}

static int stop;
static unsigned violations, passes;
static int runtime_alive;

static void *visit_again_and_again(void *data)
{
    (void)data;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        if (metacall_gate_enter(&gate) != 0) {
            sched_yield();
            continue;
        }
        if (!__atomic_load_n(&runtime_alive, __ATOMIC_SEQ_CST))
            __atomic_add_fetch(&violations, 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&passes, 1, __ATOMIC_RELAXED);
        metacall_gate_leave(&gate);
    }
    return NULL;
}

static void test_nobody_is_inside_after_the_end(void)
{
    pthread_t threads[3];
    stop = 0;
    runtime_alive = 1;
    metacall_gate_reset(&gate);
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, visit_again_and_again, NULL);
    for (int round = 0; round < 40; round++) {
        unsigned before = __atomic_load_n(&passes, __ATOMIC_RELAXED);
        while (__atomic_load_n(&passes, __ATOMIC_RELAXED) == before)
            sched_yield();
        CHECK(metacall_gate_close(&gate, 0, 10000) == 0);
        __atomic_store_n(&runtime_alive, 0, __ATOMIC_SEQ_CST);
        sched_yield();
        __atomic_store_n(&runtime_alive, 1, __ATOMIC_SEQ_CST);
        __atomic_store_n(&gate.closed, 0, __ATOMIC_SEQ_CST);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    CHECK_LONG(violations, 0);
    CHECK(passes > 0);
}

static const struct check_test tests[] = {
    {"closing an empty gate", test_closing_an_empty_gate},
    {"closing from inside", test_closing_from_inside},
    {"closing waits", test_closing_waits},
    {"nobody is inside after the end", test_nobody_is_inside_after_the_end},
};
CHECK_MAIN(tests)

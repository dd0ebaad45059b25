/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The slow side of a gate: closing it and waiting for those inside. */
#include <metacall/loader.h>

#include <time.h>

static int64_t gate_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int metacall_gate_close(struct metacall_gate *gate, uint32_t allowed, unsigned timeout_ms)
{
    __atomic_store_n(&gate->closed, 1, __ATOMIC_SEQ_CST);
    int64_t deadline = gate_now_ms() + timeout_ms;
    /* Waiting is rare and short; a futex in every leave would cost every call. */
    struct timespec pause = {0, 20000};
    while (__atomic_load_n(&gate->inside, __ATOMIC_SEQ_CST) > allowed) {
        if (gate_now_ms() >= deadline)
            return -1;
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < 1000000)
            pause.tv_nsec *= 2;
    }
    return 0;
}

void metacall_gate_reset(struct metacall_gate *gate)
{
    __atomic_store_n(&gate->inside, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&gate->closed, 0, __ATOMIC_SEQ_CST);
}

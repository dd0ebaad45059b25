/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See py_gate.h. */
#include "py_gate.h"

#include <pthread.h>
#include <stddef.h>
#include <time.h>

uint32_t py_gate_closed;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct py_gate_place *places;

static void link_place(struct py_gate_place *place)
{
    place->next = places;
    place->back = &places;
    if (places != NULL)
        places->back = &place->next;
    places = place;
}

void py_gate_enlist(struct py_gate_place *place)
{
    pthread_mutex_lock(&lock);
    link_place(place);
    pthread_mutex_unlock(&lock);
    py_gate_enlisted(place);
}

void py_gate_delist(struct py_gate_place *place)
{
    pthread_mutex_lock(&lock);
    if (place->back != NULL) {
        *place->back = place->next;
        if (place->next != NULL)
            place->next->back = place->back;
        place->back = NULL;
    }
    pthread_mutex_unlock(&lock);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int is_occupied(const struct py_gate_place *own)
{
    const struct py_gate_place *place;
    int found = 0;
    pthread_mutex_lock(&lock);
    for (place = places; place != NULL && !found; place = place->next)
        found = place != own && __atomic_load_n(&place->inside, __ATOMIC_SEQ_CST) != 0;
    pthread_mutex_unlock(&lock);
    return found;
}

int py_gate_close(const struct py_gate_place *own, unsigned timeout_ms)
{
    int64_t deadline = now_ms() + timeout_ms;
    struct timespec pause = {0, 20000};
    __atomic_store_n(&py_gate_closed, 1, __ATOMIC_SEQ_CST);
    while (is_occupied(own)) {
        if (now_ms() >= deadline)
            return -1;
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < 1000000)
            pause.tv_nsec *= 2;
    }
    return 0;
}

void py_gate_fork_prepare(void)
{
    pthread_mutex_lock(&lock);
}

void py_gate_fork_parent(void)
{
    pthread_mutex_unlock(&lock);
}

void py_gate_fork_child(struct py_gate_place *own)
{
    places = NULL;
    if (own->back != NULL)
        link_place(own);
    pthread_mutex_unlock(&lock);
}

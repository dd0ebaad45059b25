/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Weak tables by address: see py_identity.h. */
#include "py_identity.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#define SMALLEST 16

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void py_identity_lock(void)
{
    pthread_mutex_lock(&lock);
}

void py_identity_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

void py_identity_fork_prepare(void)
{
    pthread_mutex_lock(&lock);
}

void py_identity_fork_parent(void)
{
    pthread_mutex_unlock(&lock);
}

void py_identity_forked(void)
{
    pthread_mutex_unlock(&lock);
}

static size_t start_of(const struct py_identity *table, const void *key)
{
    uint64_t bits = (uint64_t)(uintptr_t)key >> 4;
    return (size_t)((bits * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (table->capacity - 1);
}

/* The slot that holds `key`, or the empty one where it would go. */
static struct py_identity_slot *slot_of(const struct py_identity *table, const void *key)
{
    size_t at = start_of(table, key);
    while (table->slots[at].key != NULL && table->slots[at].key != key)
        at = (at + 1) & (table->capacity - 1);
    return &table->slots[at];
}

void *py_identity_find(const struct py_identity *table, const void *key)
{
    return table->capacity == 0 ? NULL : slot_of(table, key)->value;
}

static int resize(struct py_identity *table, size_t capacity)
{
    struct py_identity other = {NULL, capacity, table->used};
    size_t i;
    if ((other.slots = calloc(capacity, sizeof *other.slots)) == NULL)
        return -1;
    for (i = 0; i < table->capacity; i++)
        if (table->slots[i].key != NULL)
            *slot_of(&other, table->slots[i].key) = table->slots[i];
    free(table->slots);
    *table = other;
    return 0;
}

int py_identity_put(struct py_identity *table, const void *key, void *value)
{
    struct py_identity_slot *slot;
    if (table->used * 4 >= table->capacity * 3 &&
        resize(table, table->capacity == 0 ? SMALLEST : table->capacity * 2) != 0)
        return -1;
    slot = slot_of(table, key);
    if (slot->key == NULL)
        table->used++;
    slot->key = key;
    slot->value = value;
    return 0;
}

void py_identity_remove(struct py_identity *table, const void *key, const void *value)
{
    struct py_identity_slot *slot;
    size_t hole, at;
    if (table->capacity == 0 || (slot = slot_of(table, key))->key == NULL || slot->value != value)
        return;
    /* Close the gap, so that no probe stops too early. */
    hole = (size_t)(slot - table->slots);
    for (at = (hole + 1) & (table->capacity - 1); table->slots[at].key != NULL;
         at = (at + 1) & (table->capacity - 1)) {
        size_t home = start_of(table, table->slots[at].key);
        if (((at - home) & (table->capacity - 1)) >= ((at - hole) & (table->capacity - 1))) {
            table->slots[hole] = table->slots[at];
            hole = at;
        }
    }
    table->slots[hole].key = NULL;
    table->slots[hole].value = NULL;
    table->used--;
    if (table->capacity > SMALLEST && table->used * 8 < table->capacity)
        resize(table, table->capacity / 2); /* without memory it stays as it is */
}

void py_identity_finish(struct py_identity *table)
{
    free(table->slots);
    table->slots = NULL;
    table->capacity = table->used = 0;
}

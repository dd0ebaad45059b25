/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A handle from inside, and the one lock of all handles and names. */
#ifndef CORE_HANDLE_STATE_H
#define CORE_HANDLE_STATE_H

#include "core/name_index.h"
#include <pthread.h>

#define HANDLE_MAGIC 0x6d63686eu /* tells a live handle from any other pointer */

struct metacall_handle {
    uint32_t magic;
    int global;    /* its names are in the name index */
    int published; /* it is in its loader's list */
    int loaded;    /* its loader knows it: the clear hook is due */
    metacall_loader *loader;
    char *name;
    void *data;
    struct symbol *symbols; /* by name, in order of definition */
    metacall_handle *owner; /* the handle that this one is a part of */
    metacall_handle *parts;
    metacall_handle *next; /* in the loader's list, or among the owner's parts */
};

/* The lock is held for hash work only: no hook, no destructor of a guest runs under it. Raising an
 * error lets go of the former one, which may be a guest's: so it is put aside first. */
metacall_error *scope_read(void);
metacall_error *scope_write(void);
/* Gives the lock back. The former error is the thread's again where `result` is 0. Returns result.
 */
int scope_leave(metacall_error *former, int result);
/* What the clock of questions to the host stands at; with the lock held. */
uint64_t scope_now(void);

struct symbol *handle_symbol(const metacall_handle *handle, const char *name);
/* Takes a symbol out of its handle and of the index; the caller frees it without the lock. */
void handle_extract(metacall_handle *handle, struct symbol *symbol);
void symbol_destroy(struct symbol *symbol);

#endif /* CORE_HANDLE_STATE_H */

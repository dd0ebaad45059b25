/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The global scope of the process: every name that a global handle defines, found by one hash
 * lookup. Names of an earlier loader come first. All with the scope lock held by the caller. */
#ifndef CORE_NAME_INDEX_H
#define CORE_NAME_INDEX_H

#include <metacall/loader.h>

/* uthash must never abort: out of memory leaves the entry out, and the caller sees that. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct symbol {
    UT_hash_handle hh;       /* in its handle, by name */
    struct symbol *next;     /* same name, later loaders; in the index */
    metacall_handle *handle; /* whose name it is; a part's is its owner's too, as another symbol */
    metacall_value *value;   /* a reference */
    /* Of a class or a callable object: what it is as a function, since somebody asked; a reference.
     */
    metacall_function *function;
    uint64_t stamp; /* when it was last confirmed; for what a host runs */
    char name[];
};

/* The first symbol of the name, or NULL. */
struct symbol *name_index_find(const char *name);
/* The symbol of the name that belongs to `loader`, or NULL. */
struct symbol *name_index_find_of(const char *name, const metacall_loader *loader);
/* Adds a symbol; the caller made sure that its loader has none of that name. -1 when out of
 * memory, with the error set. */
int name_index_add(struct symbol *symbol, const metacall_loader *loader);
/* Takes a symbol out, if it is there. */
void name_index_remove(struct symbol *symbol);

#endif /* CORE_NAME_INDEX_H */

/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Keys of objects that JavaScript was given before, by number: it has them as strings ready to be
 * used, which saves making each one anew. A key counts from its second appearance on, so that those
 * that come once (identifiers of a table) do not push out the others. bootstrap/cells.js keeps the
 * same numbers. */
#ifndef NODE_NAMES_H
#define NODE_NAMES_H

#include <stddef.h>
#include <stdint.h>

enum { NODE_NAMES_ROOM = 4096, NODE_NAMES_LENGTH = 40 };

struct node_name;

struct node_names {
    struct node_name *known; /* open addressing; NULL until something is known */
    uint32_t *seen;          /* marks of keys that came once */
    int count;
};

/* A new message begins: makes room where the table is full. Gives how many numbers are known. */
int node_names_begin(struct node_names *names);
/* The number of a key, or -1; then *ret_fresh = 1 says that it has just got the next one. */
int node_names_number(struct node_names *names, const char *data, size_t size, int *ret_fresh);
/* Forgets all. */
void node_names_clear(struct node_names *names);
void node_names_finish(struct node_names *names);

#endif /* NODE_NAMES_H */

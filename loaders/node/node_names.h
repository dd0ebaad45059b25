/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Keys of objects that JavaScript was given before, by number: it has them as strings ready to be
 * used, which saves making each one anew. A key counts from its second appearance on, so that those
 * that come once (identifiers of a table) do not push out the others. */
#ifndef NODE_NAMES_H
#define NODE_NAMES_H

#include <stddef.h>
#include <stdint.h>

enum { NODE_NAMES_ROOM = 4096, NODE_NAMES_LENGTH = 40 };

struct node_env;
struct node_name;

struct node_names {
    struct node_name *known; /* open addressing; NULL until something is known */
    uint32_t *seen;          /* marks of keys that came once */
    int count;
};

/* Makes room where the table is full: no message that refers to a number may be on its way. */
void node_names_trim(struct node_names *names);
/* The number of a key, or -1. One that has just become known was told to JavaScript. Inside. */
int node_names_number(struct node_env *env, const char *data, size_t size);
void node_names_finish(struct node_names *names);

#endif /* NODE_NAMES_H */

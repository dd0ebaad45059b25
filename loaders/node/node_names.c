/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_names.h. */
#include "node_names.h"

#include <stdlib.h>
#include <string.h>

struct node_name {
    uint32_t hash; /* 0 = free */
    uint16_t number;
    uint16_t size;
    char text[NODE_NAMES_LENGTH];
};

enum { SEEN = 16384 };

static uint32_t hash_of(const char *data, size_t size)
{
    uint64_t hash = size * 0x9E3779B97F4A7C15u, word;

    for (; size >= 8; data += 8, size -= 8) {
        memcpy(&word, data, 8);
        hash = (hash ^ word) * 0xFF51AFD7ED558CCDu;
        hash ^= hash >> 32;
    }
    if (size > 0) {
        word = 0;
        memcpy(&word, data, size);
        hash = (hash ^ word) * 0xFF51AFD7ED558CCDu;
    }
    hash ^= hash >> 29;
    return (uint32_t)hash | 1;
}

static int make_tables(struct node_names *names)
{
    if (names->known)
        return 0;
    names->known = calloc(NODE_NAMES_ROOM, sizeof *names->known);
    names->seen = calloc(SEEN, sizeof *names->seen);
    if (names->known && names->seen)
        return 0;
    node_names_finish(names);
    return -1;
}

int node_names_begin(struct node_names *names)
{
    if (names->count >= NODE_NAMES_ROOM / 2)
        node_names_clear(names);
    return names->count;
}

int node_names_number(struct node_names *names, const char *data, size_t size, int *ret_fresh)
{
    uint32_t hash;
    size_t i;

    if (size > NODE_NAMES_LENGTH || make_tables(names) != 0)
        return -1;
    hash = hash_of(data, size);
    for (i = hash % NODE_NAMES_ROOM; names->known[i].hash != 0; i = (i + 1) % NODE_NAMES_ROOM) {
        const struct node_name *name = &names->known[i];
        if (name->hash == hash && name->size == size && memcmp(name->text, data, size) == 0)
            return name->number;
    }
    if (names->count >= NODE_NAMES_ROOM / 2)
        return -1;
    if (names->seen[hash / 2 % SEEN] != hash) {
        names->seen[hash / 2 % SEEN] = hash;
        return -1;
    }
    names->known[i].hash = hash;
    names->known[i].number = (uint16_t)names->count++;
    names->known[i].size = (uint16_t)size;
    memcpy(names->known[i].text, data, size);
    *ret_fresh = 1;
    return -1;
}

void node_names_clear(struct node_names *names)
{
    if (names->known)
        memset(names->known, 0, NODE_NAMES_ROOM * sizeof *names->known);
    names->count = 0;
}

void node_names_finish(struct node_names *names)
{
    free(names->known);
    free(names->seen);
    names->known = NULL;
    names->seen = NULL;
    names->count = 0;
}

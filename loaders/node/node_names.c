/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_names.h. */
#include "node_names.h"
#include "node_value.h"

#include <metacall/text.h>
#include <stdlib.h>
#include <string.h>

struct node_name {
    uint32_t hash; /* 0 = free */
    uint16_t number;
    uint16_t size;
    char text[NODE_NAMES_LENGTH];
};

enum { SEEN = 16384 };

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

void node_names_trim(struct node_names *names)
{
    if (names->count < NODE_NAMES_ROOM / 2)
        return;
    memset(names->known, 0, NODE_NAMES_ROOM * sizeof *names->known);
    names->count = 0;
}

/* Tells JavaScript that `number` is this key from now on. */
static int teach(struct node_env *env, int number, const char *data, size_t size)
{
    napi_value args[2], none;

    if (napi_create_int32(env->napi, number, &args[0]) == napi_ok &&
        node_value_string(env, data, size, &args[1]) == 0 &&
        node_env_help(env, NODE_LEARN, 2, args))
        return 0;
    napi_get_and_clear_last_exception(env->napi, &none);
    metacall_error_release(metacall_error_take());
    return -1;
}

int node_names_number(struct node_env *env, const char *data, size_t size)
{
    struct node_names *names = &env->names;
    uint32_t hash;
    size_t i;

    if (size > NODE_NAMES_LENGTH || make_tables(names) != 0)
        return -1;
    hash = metacall_text_hash(data, size);
    for (i = hash % NODE_NAMES_ROOM; names->known[i].hash != 0; i = (i + 1) % NODE_NAMES_ROOM) {
        const struct node_name *name = &names->known[i];
        if (name->hash == hash && name->size == size && metacall_text_same(name->text, data, size))
            return name->number;
    }
    if (names->count >= NODE_NAMES_ROOM / 2)
        return -1;
    if (names->seen[hash / 2 % SEEN] != hash) {
        names->seen[hash / 2 % SEEN] = hash;
        return -1;
    }
    if (teach(env, names->count, data, size) != 0)
        return -1;
    names->known[i].hash = hash;
    names->known[i].number = (uint16_t)names->count++;
    names->known[i].size = (uint16_t)size;
    memcpy(names->known[i].text, data, size);
    return names->known[i].number;
}

void node_names_finish(struct node_names *names)
{
    free(names->known);
    free(names->seen);
    names->known = NULL;
    names->seen = NULL;
    names->count = 0;
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_shape.h. */
#include "node_shape.h"
#include "node_names.h"
#include "node_value.h"

#include <metacall/text.h>
#include <stdlib.h>
#include <string.h>

static uint32_t mix(uint32_t hash, uint32_t key)
{
    return (hash << 5 | hash >> 27) * 0x9E3779B1u ^ key;
}

/* 0 where a key is too long, or one that an object's own text of code cannot have. */
static uint32_t hash_of(const struct node_key *keys, size_t count)
{
    uint32_t hash = (uint32_t)count;

    for (size_t i = 0; i < count; i++) {
        if (keys[i].size > NODE_NAMES_LENGTH ||
            (keys[i].size == 9 && memcmp(keys[i].data, "__proto__", 9) == 0))
            return 0;
        hash = mix(hash, metacall_text_hash(keys[i].data, keys[i].size));
    }
    return hash | 1;
}

static int is_same(const struct node_shape *shape, const struct node_key *keys, size_t count)
{
    if (shape->count != count)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (shape->keys[i].size != keys[i].size ||
            !metacall_text_same(shape->keys[i].data, keys[i].data, keys[i].size))
            return 0;
    return 1;
}

/* Are these the keys of the pairs? */
static int fits(const struct node_shape *shape, metacall_value *const *pairs, size_t count)
{
    if (!shape || shape->count != count)
        return 0;
    for (size_t i = 0; i < count; i++) {
        const metacall_value *key = pairs[i]->as.array.items[0];
        if (key->id != METACALL_STRING || key->as.bytes.size != shape->keys[i].size ||
            !metacall_text_same(shape->keys[i].data, key->as.bytes.data, key->as.bytes.size))
            return 0;
    }
    return 1;
}

/* The shape, or the place where it would be. */
static struct node_shape *look(const struct node_shapes *shapes, uint32_t hash,
                               const struct node_key *keys, size_t count, size_t *ret_slot)
{
    size_t i;

    for (i = hash / 2 % (2 * NODE_SHAPES); shapes->slots[i] != 0; i = (i + 1) % (2 * NODE_SHAPES)) {
        struct node_shape *shape = shapes->all[shapes->slots[i] - 1];
        if (shape->hash == hash && is_same(shape, keys, count))
            return shape;
    }
    *ret_slot = i;
    return NULL;
}

static size_t room_of(size_t size)
{
    return (size + 1 + 7) & ~(size_t)7;
}

/* A copy of the keys, behind the shape itself. */
static struct node_shape *make(uint32_t hash, const struct node_key *keys, size_t count)
{
    struct node_shape *shape;
    size_t room = 0;
    char *to;

    for (size_t i = 0; i < count; i++)
        room += room_of(keys[i].size);
    shape = malloc(sizeof *shape + count * sizeof *keys + room);
    if (!shape)
        return NULL;
    shape->hash = hash;
    shape->next = NULL;
    shape->count = count;
    shape->room = room;
    to = (char *)(shape->keys + count);
    for (size_t i = 0; i < count; i++) {
        memcpy(to, keys[i].data, keys[i].size);
        to[keys[i].size] = '\0';
        shape->keys[i] = (struct node_key){to, keys[i].size};
        to += room_of(keys[i].size);
    }
    return shape;
}

static struct node_shape *add(struct node_env *env, uint32_t hash, const struct node_key *keys,
                              size_t count)
{
    struct node_shapes *shapes = env->shapes;
    struct node_shape *shape;
    size_t slot;

    if (shapes->count == NODE_SHAPES || shapes->keys + count > NODE_SHAPES_KEYS ||
        look(shapes, hash, keys, count, &slot) || (shape = make(hash, keys, count)) == NULL)
        return NULL;
    shape->number = shapes->count;
    shapes->all[shapes->count++] = shape;
    shapes->slots[slot] = (uint16_t)shapes->count;
    shapes->keys += count;
    env->head[12] = (double)shape->room;
    return shape;
}

/* Tells JavaScript of a new one. Where that fails it is no shape. */
static int teach(struct node_env *env, const struct node_shape *shape)
{
    napi_value args[2], key, none;

    if (napi_create_uint32(env->napi, shape->number, &args[0]) != napi_ok ||
        napi_create_array(env->napi, &args[1]) != napi_ok)
        return -1;
    for (size_t i = 0; i < shape->count; i++)
        if (node_value_string(env, shape->keys[i].data, shape->keys[i].size, &key) != 0 ||
            napi_set_element(env->napi, args[1], (uint32_t)i, key) != napi_ok)
            goto failed;
    if (node_env_help(env, NODE_LEARN_SHAPE, 2, args))
        return 0;
failed:
    napi_get_and_clear_last_exception(env->napi, &none);
    metacall_error_release(metacall_error_take());
    return -1;
}

static struct node_shapes *shapes_of(struct node_env *env)
{
    if (!env->shapes)
        env->shapes = calloc(1, sizeof *env->shapes);
    return env->shapes;
}

/* What came after the last shape before is tried first: records have the same order again and
 * again. */
static const struct node_shape *follow(struct node_shapes *shapes, struct node_shape *shape)
{
    if (shapes->last)
        shapes->last->next = shape;
    shapes->last = shape;
    return shape;
}

static const struct node_shape *search(struct node_env *env, size_t count)
{
    struct node_shapes *shapes = env->shapes;
    uint32_t hash = hash_of(shapes->scratch, count);
    struct node_shape *shape;
    size_t slot;

    if (hash == 0)
        return NULL;
    shape = look(shapes, hash, shapes->scratch, count, &slot);
    if (shape)
        return shape->number != UINT32_MAX ? follow(shapes, shape) : NULL;
    if (shapes->seen[hash / 2 % 1024] != hash) {
        shapes->seen[hash / 2 % 1024] = hash;
        return NULL;
    }
    shape = add(env, hash, shapes->scratch, count);
    if (shape && teach(env, shape) == 0)
        return follow(shapes, shape);
    if (shape)
        shape->number = UINT32_MAX;
    return NULL;
}

const struct node_shape *node_shape_of(struct node_env *env, metacall_value *const *pairs,
                                       size_t count, int *ret_texts)
{
    struct node_shapes *shapes = shapes_of(env);

    *ret_texts = 1;
    if (shapes && shapes->last && fits(shapes->last->next, pairs, count)) {
        shapes->last = shapes->last->next;
        return shapes->last;
    }
    for (size_t i = 0; i < count; i++) {
        const metacall_value *key = pairs[i]->as.array.items[0];
        if (key->id != METACALL_STRING) {
            *ret_texts = 0;
            return NULL;
        }
        if (shapes && i < NODE_SHAPE_KEYS)
            shapes->scratch[i] = (struct node_key){key->as.bytes.data, key->as.bytes.size};
    }
    return shapes && count > 0 && count <= NODE_SHAPE_KEYS ? search(env, count) : NULL;
}

const struct node_shape *node_shape_by(const struct node_env *env, double number)
{
    return env->shapes && number >= 0 && number < env->shapes->count
               ? env->shapes->all[(uint32_t)number]
               : NULL;
}

/* ---------------------------------------------------------------------------- from JavaScript */

static double take(struct node_env *env, napi_value list)
{
    struct node_shapes *shapes = shapes_of(env);
    struct node_key *keys = shapes ? shapes->scratch : NULL;
    const struct node_shape *shape = NULL;
    napi_value key;
    uint32_t count = 0, made = 0, hash;

    if (!keys || napi_get_array_length(env->napi, list, &count) != napi_ok || count == 0 ||
        count > NODE_SHAPE_KEYS)
        return -1;
    while (made < count && napi_get_element(env->napi, list, made, &key) == napi_ok &&
           (keys[made].data = node_value_text(env, key, &keys[made].size)) != NULL)
        made++;
    if (made == count && (hash = hash_of(keys, count)) != 0)
        shape = add(env, hash, keys, count);
    while (made-- > 0)
        free((char *)keys[made].data);
    return shape ? (double)shape->number : -1;
}

static napi_value native_shape(napi_env napi, napi_callback_info info)
{
    struct node_env *env = NULL;
    napi_value list, number;
    size_t count = 1;

    if (napi_get_cb_info(napi, info, &count, &list, NULL, (void **)&env) != napi_ok || count != 1)
        return NULL;
    napi_create_double(napi, take(env, list), &number);
    return number;
}

int node_shape_natives(struct node_env *env, napi_value native)
{
    napi_value function;

    if (napi_create_function(env->napi, "shape", NAPI_AUTO_LENGTH, native_shape, env, &function) !=
        napi_ok)
        return -1;
    return napi_set_named_property(env->napi, native, "shape", function) == napi_ok ? 0 : -1;
}

void node_shape_finish(struct node_env *env)
{
    for (uint32_t i = 0; env->shapes && i < env->shapes->count; i++)
        free(env->shapes->all[i]);
    free(env->shapes);
    env->shapes = NULL;
}

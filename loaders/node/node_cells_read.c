/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_cells.h: what bootstrap/pack.js has packed becomes a value. */
#include "node_cells.h"
#include "node_error.h"
#include "node_function.h"
#include "node_future.h"
#include "node_memory.h"
#include "node_object.h"
#include "node_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAFE_INTEGER 9007199254740991.0

struct reader {
    struct node_env *env;
    struct metacall_arena *arena;
    const double *at;
    const char *ascii; /* the joined text; or else */
    const char16_t *units;
    napi_value refs; /* [text, ref, ref ...] */
    uint32_t next_ref;
    int flat;    /* containers too lie in the arena: nothing in them has to be let go of */
    size_t room; /* a result: what all but its outermost container takes, behind that one; or 0 */
    struct metacall_arena behind;
};

static int read_ref(struct reader *in, enum node_cell cell, metacall_value *slot)
{
    napi_value value;
    void *pointer = NULL;

    if (napi_get_element(in->env->napi, in->refs, in->next_ref++, &value) != napi_ok)
        return metacall_error_raise(METACALL_ERROR_INTERNAL, "node: a packed value is broken");
    switch (cell) {
    case NODE_CELL_BUFFER:
        return node_value_take_buffer(in->env, value, in->arena, slot);
    case NODE_CELL_BIGINT:
        return node_value_take_bigint(in->env, value, slot);
    case NODE_CELL_FUNCTION:
        return node_function_take(in->env, value, slot);
    case NODE_CELL_ERROR:
        return node_error_take_value(in->env, value, slot);
    case NODE_CELL_HANDLE:
        return node_object_take(in->env, value, slot);
    case NODE_CELL_FUTURE:
        return node_future_take(in->env, value, slot);
    case NODE_CELL_MEMORY:
        return node_memory_take(in->env, value, slot);
    default:
        napi_get_value_external(in->env->napi, value, &pointer);
        metacall_slot_kind(slot, METACALL_PTR);
        slot->as.reference.pointer = pointer;
        slot->as.reference.extra = NULL;
        return 0;
    }
}

static int read_text(struct reader *in, metacall_value *slot)
{
    size_t count = (size_t)*in->at++;
    char *data;

    if (!in->ascii) {
        in->units += count;
        return node_value_units(in->arena, in->units - count, count, slot);
    }
    if (node_value_room(in->arena, slot, METACALL_STRING, count, &data) != 0)
        return -1;
    memcpy(data, in->ascii, count);
    in->ascii += count;
    return 0;
}

/* The key of a shape: the arguments of a call may refer to the shape's own. */
static int read_key(struct reader *in, const struct node_key *key, metacall_value *slot)
{
    char *data;

    if (in->arena && in->arena != &in->behind) {
        metacall_slot_borrow(slot, METACALL_STRING, key->data, key->size);
        return 0;
    }
    if (node_value_room(in->arena, slot, METACALL_STRING, key->size, &data) != 0)
        return -1;
    memcpy(data, key->data, key->size);
    return 0;
}

static int read_cell(struct reader *in, metacall_value *slot);

/* The outermost container of a result gets room for all that lies in it. */
static int make_whole(struct reader *in, enum metacall_value_id id, size_t count,
                      metacall_value *slot)
{
    void *room = NULL;
    int rc = id == METACALL_MAP ? metacall_slot_map_room(slot, count, in->room, &room)
                                : metacall_slot_array_room(slot, count, in->room, &room);

    if (rc != 0)
        return -1;
    if (id == METACALL_SET)
        slot->id = METACALL_SET;
    metacall_arena_init(&in->behind, &in->env->spare, room, in->room);
    in->arena = &in->behind;
    in->flat = 1;
    in->room = 0;
    return 0;
}

/* An array or a set of nulls: in the arena, borrowed as its bytes are, or in a block of its own. */
static int make_items(struct reader *in, enum metacall_value_id id, size_t count,
                      metacall_value *slot)
{
    void *memory;

    if (in->room > 0)
        return make_whole(in, id, count, slot);
    if (!in->flat)
        return (id == METACALL_SET ? metacall_slot_set : metacall_slot_array)(slot, count);
    memory = metacall_arena_take(in->arena, metacall_slot_array_size(count));
    if (!memory)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    metacall_slot_array_lend(slot, id, count, memory);
    return 0;
}

static int make_pairs(struct reader *in, size_t count, metacall_value *slot)
{
    void *memory;

    if (in->room > 0)
        return make_whole(in, METACALL_MAP, count, slot);
    if (!in->flat)
        return metacall_slot_map(slot, count);
    memory = metacall_arena_take(in->arena, metacall_slot_map_size(count));
    if (!memory)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    metacall_slot_map_lend(slot, count, memory);
    return 0;
}

static int read_pairs(struct reader *in, int texts, metacall_value *slot)
{
    size_t count = (size_t)*in->at++;

    if (make_pairs(in, count, slot) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        metacall_value **pair = slot->as.array.items[i]->as.array.items;
        if ((texts ? read_text(in, pair[0]) : read_cell(in, pair[0])) != 0 ||
            read_cell(in, pair[1]) != 0)
            return -1;
    }
    return 0;
}

static int read_shaped(struct reader *in, metacall_value *slot)
{
    const struct node_shape *shape = node_shape_by(in->env, *in->at++);

    if (!shape)
        return metacall_error_raise(METACALL_ERROR_INTERNAL, "node: a packed value is broken");
    if (make_pairs(in, shape->count, slot) != 0)
        return -1;
    for (size_t i = 0; i < shape->count; i++) {
        metacall_value **pair = slot->as.array.items[i]->as.array.items;
        if (read_key(in, &shape->keys[i], pair[0]) != 0 || read_cell(in, pair[1]) != 0)
            return -1;
    }
    return 0;
}

/* What a slot says of itself: its first eight bytes. */
static uint64_t label_of(enum metacall_value_id id)
{
    metacall_value slot = {(uint16_t)id, METACALL_STORAGE_INNER, 0, {0}};
    uint64_t label;

    memcpy(&label, &slot, sizeof label);
    return label;
}

/* The same as node_value_number for fresh slots, in the one loop where it counts: hardly a branch.
 * Added to 1.5 * 2^52 a double loses what is behind the point, and an integer is the difference of
 * the bits; a LONG and a DOUBLE lie in the same eight bytes. */
static void fill_numbers(metacall_value **items, metacall_value *slots, const double *numbers,
                         size_t count)
{
    const double shift = 0x1.8p52, most = 0x1p51;
    const uint64_t as_long = label_of(METACALL_LONG), as_double = label_of(METACALL_DOUBLE);
    const int64_t minus_zero = INT64_MIN;
    int64_t shift_bits;

    memcpy(&shift_bits, &shift, sizeof shift);
    for (size_t i = 0; i < count; i++) {
        double number = numbers[i], shifted = number + shift;
        int64_t bits, sum;
        uint64_t label;
        int exact;

        memcpy(&bits, &number, sizeof bits);
        memcpy(&sum, &shifted, sizeof sum);
        exact = (shifted - shift == number) & (bits != minus_zero);
        label = exact ? as_long : as_double;
        memcpy(&slots[i], &label, sizeof label);
        slots[i].as.long_ = exact ? sum - shift_bits : bits;
        items[i] = &slots[i];
        if (__builtin_expect(!(number > -most && number < most), 0)) /* NaN too */
            node_value_number(&slots[i], number);
    }
}

static int read_numbers(struct reader *in, metacall_value *slot)
{
    size_t count = (size_t)*in->at++;
    metacall_value **items = metacall_arena_take(in->arena, metacall_slot_array_size(count));

    if (!items)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    fill_numbers(items, (metacall_value *)(items + count), in->at, count);
    in->at += count;
    metacall_slot_kind(slot, METACALL_ARRAY);
    slot->storage |= METACALL_STORAGE_BORROW;
    slot->as.array.items = items;
    slot->as.array.count = count;
    return 0;
}

static int read_items(struct reader *in, enum node_cell cell, metacall_value *slot)
{
    size_t count;

    if (cell == NODE_CELL_NUMBERS && in->flat)
        return read_numbers(in, slot);
    count = (size_t)*in->at++;
    if (make_items(in, cell == NODE_CELL_SET ? METACALL_SET : METACALL_ARRAY, count, slot) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (cell == NODE_CELL_NUMBERS)
            node_value_number(slot->as.array.items[i], *in->at++);
        else if (read_cell(in, slot->as.array.items[i]) != 0)
            return -1;
    }
    return 0;
}

static int read_date(struct reader *in, metacall_value *slot)
{
    int64_t milliseconds = (int64_t)*in->at++;

    metacall_slot_date(slot, milliseconds * 1000 + (int64_t)*in->at++);
    return 0;
}

static int read_cell(struct reader *in, metacall_value *slot)
{
    enum node_cell cell = (enum node_cell)(int)*in->at++;

    switch (cell) {
    case NODE_CELL_NULL:
        metacall_slot_null(slot);
        return 0;
    case NODE_CELL_FALSE:
    case NODE_CELL_TRUE:
        metacall_slot_bool(slot, cell == NODE_CELL_TRUE);
        return 0;
    case NODE_CELL_NUMBER:
        node_value_number(slot, *in->at++);
        return 0;
    case NODE_CELL_TEXT:
        return read_text(in, slot);
    case NODE_CELL_ARRAY:
    case NODE_CELL_NUMBERS:
    case NODE_CELL_SET:
        return read_items(in, cell, slot);
    case NODE_CELL_DATE:
        return read_date(in, slot);
    case NODE_CELL_OBJECT:
    case NODE_CELL_MAP:
        return read_pairs(in, cell == NODE_CELL_OBJECT, slot);
    case NODE_CELL_SHAPED:
        return read_shaped(in, slot);
    default:
        return read_ref(in, cell, slot);
    }
}

int node_cells_refuse(struct node_env *env, napi_value reason)
{
    char *text = node_value_text(env, reason, NULL);

    metacall_error_raise(env->head[0] == -2 ? METACALL_ERROR_RANGE : METACALL_ERROR_TYPE, "%s",
                         text ? text : ": cannot be passed");
    free(text);
    return -1;
}

/* The joined text: as bytes where it is ASCII, in place, else as it is. NULL = out of memory. */
static void *take_text(struct reader *in, napi_value text, size_t count, char16_t *few, size_t room)
{
    char16_t *units = few;

    if (count >= room)
        units = malloc((count + 1) * sizeof *units);
    if (!units)
        return NULL;
    if (count > 0)
        napi_get_value_string_utf16(in->env->napi, text, units, count + 1, &count);
    in->units = units;
    if (node_text_narrow(units, count))
        in->ascii = (const char *)units;
    return units;
}

/* What is referred to may run JavaScript when it is looked at (a getter), which packs anew: the
 * cells are read from a copy then. */
static int take_cells(struct reader *in, double **ret_copy)
{
    size_t start = (size_t)in->env->head[0], end = (size_t)in->env->head[3];

    in->at = in->env->cells + start;
    *ret_copy = NULL;
    if (in->env->head[2] == 0)
        return 0;
    *ret_copy = malloc((end - start) * sizeof **ret_copy);
    if (!*ret_copy)
        return -1;
    memcpy(*ret_copy, in->at, (end - start) * sizeof **ret_copy);
    in->at = *ret_copy;
    return 0;
}

/* What all but the outermost container takes, texts included; 0 where `root` is none. Generous: a
 * text has its NUL and is aligned, and a unit takes up to three bytes. */
static size_t room_of(const struct reader *in, double root)
{
    const double *head = in->env->head;
    const struct node_shape *shape;
    size_t item = sizeof(metacall_value *) + sizeof(metacall_value);
    size_t texts = (size_t)(head[3] - head[0]), units = (size_t)head[1];
    size_t items = (size_t)head[10], pairs = (size_t)head[11];

    switch ((enum node_cell)(int)root) {
    case NODE_CELL_ARRAY:
    case NODE_CELL_NUMBERS:
    case NODE_CELL_SET:
        items -= (size_t)in->at[1];
        break;
    case NODE_CELL_OBJECT:
    case NODE_CELL_MAP:
        pairs -= (size_t)in->at[1];
        break;
    case NODE_CELL_SHAPED:
        shape = node_shape_by(in->env, in->at[1]);
        pairs -= shape ? shape->count : 0;
        break;
    default:
        return 0;
    }
    units = units * (in->ascii ? 1 : 3) + texts * 8; /* a multiple of 8, as an arena's room is */
    return ((units + 7) & ~(size_t)7) + (size_t)head[9] + item * (items + 3 * pairs);
}

/* Opens what pack() gave: the text and the cells. */
static int open_packed(struct reader *in, napi_value packed, char16_t *few, size_t room,
                       void **ret_units, double **ret_copy)
{
    struct node_env *env = in->env;
    napi_value text = packed;

    in->refs = packed;
    in->next_ref = 1;
    *ret_copy = NULL;
    if (env->head[2] > 0)
        napi_get_element(env->napi, packed, 0, &text);
    *ret_units = take_text(in, text, (size_t)env->head[1], few, room);
    if (!*ret_units || take_cells(in, ret_copy) != 0) {
        if (*ret_units != few)
            free(*ret_units);
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    }
    in->flat = in->arena && env->head[2] == 0;
    return 0;
}

static int read_root(struct reader *in, metacall_value *slot)
{
    int rc;

    if (!in->arena && in->env->head[2] == 0)
        in->room = room_of(in, *in->at);
    rc = read_cell(in, slot);
    if (rc == 0 && in->behind.blocks) /* the count of bootstrap/pack.js is wrong */
        rc = metacall_error_raise(METACALL_ERROR_INTERNAL, "node: a packed value is broken");
    if (in->behind.blocks)
        metacall_arena_finish(&in->behind);
    if (rc != 0)
        metacall_slot_clear(slot);
    return rc;
}

int node_cells_take(struct node_env *env, napi_value value, struct metacall_arena *arena,
                    metacall_value *slot)
{
    struct reader in = {.env = env, .arena = arena};
    char16_t few[512];
    napi_value packed;
    double *copy;
    void *units;
    int rc;

    packed = node_env_help(env, NODE_PACK, 1, &value);
    if (!packed)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    if (env->head[0] < 0)
        return node_cells_refuse(env, packed);
    if (open_packed(&in, packed, few, sizeof few / sizeof few[0], &units, &copy) != 0)
        return -1;
    rc = read_root(&in, slot);
    if (units != few)
        free(units);
    free(copy);
    return rc;
}

int node_cells_take_all(struct node_env *env, napi_value packed, struct metacall_arena *arena,
                        metacall_value *slots, size_t *ret_taken)
{
    struct reader in = {.env = env, .arena = arena};
    size_t count = (size_t)env->head[14];
    char16_t few[512];
    double *copy;
    void *units;
    int rc;

    *ret_taken = 0;
    if (open_packed(&in, packed, few, sizeof few / sizeof few[0], &units, &copy) != 0)
        return -1;
    for (rc = 0; rc == 0 && *ret_taken < count; ++*ret_taken)
        if ((rc = read_cell(&in, &slots[*ret_taken])) != 0)
            metacall_slot_clear(&slots[*ret_taken]);
    if (units != few)
        free(units);
    free(copy);
    return rc;
}

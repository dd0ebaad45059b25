/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_cells.h: a value in the form that bootstrap/cells.js unpacks. First it is measured, and
 * what only a reference can hold is made: that may run JavaScript, or leave it. Then the cells are
 * written in one go, which nobody can disturb. */
#include "node_cells.h"
#include "node_error.h"
#include "node_names.h"
#include "node_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAFE_INTEGER 9007199254740991
#define MAX_DEPTH 1024
/* Texts of this many bytes go alone: a slice would keep the whole joined text alive. */
#define TEXT_ALONE 64
/* What a JavaScript Date can hold. */
#define DATE_MOST 8640000000000000

/* What a value will take. */
struct extent {
    struct node_env *env;
    size_t cells;
    size_t bytes; /* of joined text */
    int ascii;
    napi_value refs; /* made on the way, in order */
    uint32_t ref_count;
    char path[256]; /* of a refusal, made from its end */
};

/* ------------------------------------------------------------------------------------- measured */

static int is_scalar_number(const metacall_value *slot)
{
    return slot->id == METACALL_DOUBLE ||
           (slot->id == METACALL_LONG && slot->as.long_ >= -SAFE_INTEGER &&
            slot->as.long_ <= SAFE_INTEGER);
}

enum { NUMBERS_NONE, NUMBERS_DOUBLES, NUMBERS_INTEGERS };

/* Are all items numbers, or even integers of 32 bits? An empty array is one of numbers. */
static int numbers_of(const metacall_value *slot)
{
    int found = NUMBERS_INTEGERS;

    for (size_t i = 0; i < slot->as.array.count; i++) {
        const metacall_value *item = slot->as.array.items[i];
        if (item->id == METACALL_LONG && item->as.long_ == (int32_t)item->as.long_)
            continue;
        if (!is_scalar_number(item))
            return NUMBERS_NONE;
        found = NUMBERS_DOUBLES;
    }
    return found;
}

/* A map whose keys are all strings is an object. */
static int is_object(const metacall_value *slot)
{
    for (size_t i = 0; i < slot->as.array.count; i++)
        if (slot->as.array.items[i]->as.array.items[0]->id != METACALL_STRING)
            return 0;
    return 1;
}

/* Puts a step in front of the path of a refusal. */
static int step(struct extent *extent, const char *format, const char *key, size_t index)
{
    char text[256];
    int n =
        key ? snprintf(text, sizeof text, format, key) : snprintf(text, sizeof text, format, index);

    if (n < 0)
        return -1;
    strncat(text, extent->path, sizeof text - strlen(text) - 1);
    memcpy(extent->path, text, sizeof text);
    return -1;
}

static int measure_text(const metacall_value *slot, struct extent *extent)
{
    const char *data = slot->as.bytes.data;
    size_t size = slot->as.bytes.size;

    extent->bytes += size;
    if (node_text_ascii(data, size))
        return 0;
    extent->ascii = 0;
    if (node_text_units(data, size) != (size_t)-1)
        return 0;
    return metacall_error_raise(METACALL_ERROR_TYPE, ": a string that is not UTF-8 cannot be "
                                                     "passed to Node; pass bytes");
}

static int measure_ref(const metacall_value *slot, struct extent *extent)
{
    napi_env napi = extent->env->napi;
    napi_value value;
    int rc = slot->id == METACALL_STRING || slot->id == METACALL_LONG
                 ? node_value_make(extent->env, slot, &value)
                 : node_value_make_single(extent->env, slot, &value);

    if (rc != 0)
        return -1;
    if (!extent->refs && napi_create_array(napi, &extent->refs) != napi_ok)
        return metacall_error_raise(METACALL_ERROR_MEMORY, ": out of memory");
    napi_set_element(napi, extent->refs, extent->ref_count++, value);
    extent->cells++;
    return 0;
}

static int measure(const metacall_value *slot, unsigned depth, struct extent *extent);

static int measure_array(const metacall_value *slot, unsigned depth, struct extent *extent)
{
    size_t count = slot->as.array.count;

    extent->cells += 2;
    if (slot->id == METACALL_ARRAY && numbers_of(slot) != NUMBERS_NONE) {
        extent->cells += count;
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        if (measure(slot->as.array.items[i], depth + 1, extent) != 0)
            return step(extent, "[%zu]", NULL, i);
    return 0;
}

static int measure_map(const metacall_value *slot, unsigned depth, struct extent *extent)
{
    int object = is_object(slot);

    extent->cells += 2;
    for (size_t i = 0; i < slot->as.array.count; i++) {
        metacall_value *const *pair = slot->as.array.items[i]->as.array.items;
        extent->cells += (size_t)object;
        if ((object ? measure_text(pair[0], extent) : measure(pair[0], depth + 1, extent)) != 0)
            return step(extent, "<key %zu>", NULL, i);
        if (measure(pair[1], depth + 1, extent) != 0)
            return object ? step(extent, ".%.200s", pair[0]->as.bytes.data, 0)
                          : step(extent, "<value %zu>", NULL, i);
    }
    return 0;
}

static int measure_date(const metacall_value *slot, struct extent *extent)
{
    extent->cells += 3;
    if (slot->as.date / 1000 > -DATE_MOST && slot->as.date / 1000 <= DATE_MOST)
        return 0;
    return metacall_error_raise(METACALL_ERROR_RANGE, ": a date that JavaScript lacks");
}

static int measure(const metacall_value *slot, unsigned depth, struct extent *extent)
{
    if (depth >= MAX_DEPTH)
        return metacall_error_raise(METACALL_ERROR_TYPE, ": nested deeper than %d", MAX_DEPTH);
    switch (slot->id) {
    case METACALL_NULL:
    case METACALL_BOOL:
    case METACALL_CHAR:
    case METACALL_SHORT:
    case METACALL_INT:
    case METACALL_FLOAT:
    case METACALL_DOUBLE:
        extent->cells += 2;
        return 0;
    case METACALL_LONG:
        if (!is_scalar_number(slot))
            return measure_ref(slot, extent);
        extent->cells += 2;
        return 0;
    case METACALL_STRING:
        if (slot->as.bytes.size >= TEXT_ALONE)
            return measure_ref(slot, extent);
        extent->cells += 2;
        return measure_text(slot, extent);
    case METACALL_DATE:
        return measure_date(slot, extent);
    case METACALL_ARRAY:
    case METACALL_SET:
        return measure_array(slot, depth, extent);
    case METACALL_MAP:
        return measure_map(slot, depth, extent);
    default:
        return measure_ref(slot, extent);
    }
}

/* -------------------------------------------------------------------------------------- written */

struct writer {
    struct node_env *env;
    double *at;
    char *text; /* ASCII, or else units below */
    char16_t *units;
    size_t text_size;
};

static size_t write_text(struct writer *out, const metacall_value *slot)
{
    size_t count = slot->as.bytes.size;

    if (out->text)
        memcpy(out->text + out->text_size, slot->as.bytes.data, count);
    else
        count = node_text_decode(slot->as.bytes.data, count, out->units + out->text_size);
    out->text_size += count;
    return count;
}

/* A key: its number where JavaScript knows it, else its text. */
static void write_key(struct writer *out, const metacall_value *slot)
{
    int fresh = 0;
    int number =
        node_names_number(&out->env->names, slot->as.bytes.data, slot->as.bytes.size, &fresh);

    if (number >= 0)
        *out->at++ = -1.0 - number;
    else
        *out->at++ = (double)write_text(out, slot) + (fresh ? NODE_CELL_FRESH : 0);
}

static void write_number(struct writer *out, double number)
{
    *out->at++ = NODE_CELL_NUMBER;
    *out->at++ = number;
}

static double number_of(const metacall_value *slot)
{
    return slot->id == METACALL_DOUBLE ? slot->as.double_ : (double)slot->as.long_;
}

static void write_cell(struct writer *out, const metacall_value *slot);

/* Integers of 32 bits, two in a cell. */
static void write_integers(struct writer *out, const metacall_value *slot)
{
    size_t count = slot->as.array.count;
    int32_t *to;

    *out->at++ = NODE_CELL_INTEGERS;
    *out->at++ = (double)count;
    to = (int32_t *)out->at;
    for (size_t i = 0; i < count; i++)
        to[i] = (int32_t)slot->as.array.items[i]->as.long_;
    out->at += (count + 1) / 2;
}

static void write_array(struct writer *out, const metacall_value *slot)
{
    size_t count = slot->as.array.count;
    int numbers = slot->id == METACALL_ARRAY ? numbers_of(slot) : NUMBERS_NONE;

    if (numbers == NUMBERS_INTEGERS) {
        write_integers(out, slot);
        return;
    }
    *out->at++ = slot->id == METACALL_SET     ? NODE_CELL_SET
                 : numbers == NUMBERS_DOUBLES ? NODE_CELL_NUMBERS
                                              : NODE_CELL_ARRAY;
    *out->at++ = (double)count;
    for (size_t i = 0; i < count; i++) {
        if (numbers == NUMBERS_DOUBLES)
            *out->at++ = number_of(slot->as.array.items[i]);
        else
            write_cell(out, slot->as.array.items[i]);
    }
}

static void write_map(struct writer *out, const metacall_value *slot)
{
    int object = is_object(slot);

    *out->at++ = object ? NODE_CELL_OBJECT : NODE_CELL_MAP;
    *out->at++ = (double)slot->as.array.count;
    for (size_t i = 0; i < slot->as.array.count; i++) {
        metacall_value *const *pair = slot->as.array.items[i]->as.array.items;
        if (object)
            write_key(out, pair[0]);
        else
            write_cell(out, pair[0]);
        write_cell(out, pair[1]);
    }
}

static void write_date(struct writer *out, const metacall_value *slot)
{
    int64_t below = slot->as.date % 1000;
    int64_t milliseconds = slot->as.date / 1000;

    if (below < 0) {
        below += 1000;
        milliseconds--;
    }
    *out->at++ = NODE_CELL_DATE;
    *out->at++ = (double)milliseconds;
    *out->at++ = (double)below;
}

static void write_cell(struct writer *out, const metacall_value *slot)
{
    switch (slot->id) {
    case METACALL_NULL:
        *out->at++ = NODE_CELL_NULL;
        return;
    case METACALL_BOOL:
        *out->at++ = slot->as.boolean_ ? NODE_CELL_TRUE : NODE_CELL_FALSE;
        return;
    case METACALL_CHAR:
        write_number(out, slot->as.char_);
        return;
    case METACALL_SHORT:
        write_number(out, slot->as.short_);
        return;
    case METACALL_INT:
        write_number(out, slot->as.int_);
        return;
    case METACALL_FLOAT:
        write_number(out, (double)slot->as.float_);
        return;
    case METACALL_LONG:
    case METACALL_DOUBLE:
        if (!is_scalar_number(slot))
            break;
        write_number(out, number_of(slot));
        return;
    case METACALL_STRING:
        if (slot->as.bytes.size >= TEXT_ALONE)
            break;
        *out->at++ = NODE_CELL_TEXT;
        out->at++;
        out->at[-1] = (double)write_text(out, slot);
        return;
    case METACALL_DATE:
        write_date(out, slot);
        return;
    case METACALL_ARRAY:
    case METACALL_SET:
        write_array(out, slot);
        return;
    case METACALL_MAP:
        write_map(out, slot);
        return;
    default:
        break;
    }
    *out->at++ = NODE_CELL_FOREIGN;
}

static int make_inbox(struct node_env *env, size_t cells)
{
    napi_value count;

    if (cells <= env->inbox_size)
        return 0;
    if (napi_create_double(env->napi, (double)cells, &count) != napi_ok ||
        !node_env_help(env, NODE_GROW_INBOX, 1, &count))
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    return 0;
}

/* Hands the cells over. They are taken out of the inbox before any other JavaScript runs. */
static int unpack(struct node_env *env, const struct writer *out, napi_value refs,
                  napi_value *ret_value)
{
    napi_value args[2], value;
    napi_status status =
        out->text ? napi_create_string_latin1(env->napi, out->text, out->text_size, &args[0])
                  : napi_create_string_utf16(env->napi, out->units, out->text_size, &args[0]);

    if (status != napi_ok)
        return metacall_error_raise(METACALL_ERROR_RANGE, ": too large for Node");
    args[1] = refs ? refs : args[0];
    value = node_env_help(env, NODE_UNPACK, 2, args);
    if (!value)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    *ret_value = value;
    return 0;
}

int node_cells_make(struct node_env *env, const metacall_value *slot, napi_value *ret_value)
{
    struct writer out = {.env = env};
    struct extent extent = {.env = env, .ascii = 1};
    char few[1024];
    void *text = few;
    int rc;

    if (measure(slot, 0, &extent) != 0) /* a refusal begins with ": "; the path goes before it */
        return extent.path[0] ? node_value_name("%s", extent.path) : -1;
    if (make_inbox(env, extent.cells) != 0)
        return -1;
    if (extent.bytes * (extent.ascii ? 1 : 2) > sizeof few)
        text = malloc(extent.bytes * (extent.ascii ? 1 : 2));
    if (!text)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    out.at = env->inbox;
    if (extent.ascii)
        out.text = text;
    else
        out.units = text;
    env->head[9] = node_names_begin(&env->names);
    write_cell(&out, slot);
    rc = unpack(env, &out, extent.refs, ret_value);
    if (rc != 0)
        node_names_clear(&env->names); /* who knows how far JavaScript came */
    if (text != few)
        free(text);
    return rc;
}

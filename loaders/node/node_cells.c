/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_cells.h. */
#include "node_cells.h"
#include "node_error.h"
#include "node_function.h"
#include "node_future.h"
#include "node_memory.h"
#include "node_object.h"
#include "node_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAFE_INTEGER 9007199254740991
#define MAX_DEPTH 1024
/* Texts of this many bytes go alone: a slice would keep the whole joined text alive. */
#define TEXT_ALONE 64

/* ------------------------------------------------------------------------------- JavaScript -> */

struct reader {
    struct node_env *env;
    struct node_arena *arena;
    const double *at;
    const char16_t *units;
    napi_value refs; /* [text, ref, ref ...] */
    uint32_t next_ref;
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

    in->units += count;
    return node_value_units(in->arena, in->units - count, count, slot);
}

static int read_cell(struct reader *in, metacall_value *slot);

static int read_pairs(struct reader *in, int texts, metacall_value *slot)
{
    size_t count = (size_t)*in->at++;

    if (metacall_slot_map(slot, count) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        metacall_value **pair = slot->as.array.items[i]->as.array.items;
        if ((texts ? read_text(in, pair[0]) : read_cell(in, pair[0])) != 0 ||
            read_cell(in, pair[1]) != 0)
            return -1;
    }
    return 0;
}

static int read_items(struct reader *in, enum node_cell cell, metacall_value *slot)
{
    size_t count = (size_t)*in->at++;
    int numbers = cell == NODE_CELL_NUMBERS;

    if ((cell == NODE_CELL_SET ? metacall_slot_set : metacall_slot_array)(slot, count) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (numbers)
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
    default:
        return read_ref(in, cell, slot);
    }
}

static int refuse(struct node_env *env, napi_value reason)
{
    char *text = node_value_text(env, reason, NULL);

    metacall_error_raise(env->head[0] == -2 ? METACALL_ERROR_RANGE : METACALL_ERROR_TYPE, "%s",
                         text ? text : ": cannot be passed");
    free(text);
    return -1;
}

int node_cells_take(struct node_env *env, napi_value value, struct node_arena *arena,
                    metacall_value *slot)
{
    struct reader in = {.env = env, .arena = arena, .next_ref = 1};
    char16_t few[512];
    char16_t *units = few;
    napi_value packed, text;
    size_t count;
    int rc;

    packed = node_env_help(env, NODE_PACK, 1, &value);
    if (!packed)
        return node_error_from_pending(env, METACALL_ERROR_GUEST);
    if (env->head[0] < 0)
        return refuse(env, packed);
    text = packed;
    in.at = env->cells + (size_t)env->head[0];
    in.refs = packed;
    if (env->head[2] > 0)
        napi_get_element(env->napi, packed, 0, &text);
    count = (size_t)env->head[1];
    if (count >= 512)
        units = malloc((count + 1) * sizeof *units);
    if (!units)
        return metacall_error_raise(METACALL_ERROR_MEMORY, "out of memory");
    if (count > 0)
        napi_get_value_string_utf16(env->napi, text, units, count + 1, &count);
    in.units = units;
    rc = read_cell(&in, slot);
    if (rc != 0)
        metacall_slot_clear(slot);
    if (units != few)
        free(units);
    return rc;
}

/* ------------------------------------------------------------------------------- -> JavaScript */

struct writer {
    struct node_env *env;
    double *at;
    char *text; /* ASCII, or else units below */
    char16_t *units;
    size_t text_size;
    napi_value refs;
    uint32_t ref_count;
    char path[256]; /* of a refusal, made from its end */
};

/* What a value will take. */
struct extent {
    size_t cells;
    size_t bytes; /* of joined text */
    int ascii;
};

static int text_stands_alone(const metacall_value *slot)
{
    return slot->as.bytes.size >= TEXT_ALONE;
}

static int is_scalar_number(const metacall_value *slot)
{
    return slot->id == METACALL_DOUBLE ||
           (slot->id == METACALL_LONG && slot->as.long_ >= -SAFE_INTEGER &&
            slot->as.long_ <= SAFE_INTEGER);
}

static int all_numbers(const metacall_value *slot)
{
    for (size_t i = 0; i < slot->as.array.count; i++)
        if (!is_scalar_number(slot->as.array.items[i]))
            return 0;
    return 1;
}

/* A map whose keys are all strings is an object. */
static int is_object(const metacall_value *slot)
{
    for (size_t i = 0; i < slot->as.array.count; i++)
        if (slot->as.array.items[i]->as.array.items[0]->id != METACALL_STRING)
            return 0;
    return 1;
}

static int too_deep(unsigned depth)
{
    if (depth < MAX_DEPTH)
        return 0;
    return metacall_error_raise(METACALL_ERROR_TYPE, ": nested deeper than %d", MAX_DEPTH);
}

static void measure_text(const metacall_value *slot, struct extent *extent)
{
    extent->bytes += slot->as.bytes.size;
    if (extent->ascii && !node_text_ascii(slot->as.bytes.data, slot->as.bytes.size))
        extent->ascii = 0;
}

static int is_container(const metacall_value *slot)
{
    return slot->id == METACALL_ARRAY || slot->id == METACALL_MAP || slot->id == METACALL_SET;
}

static int measure(const metacall_value *slot, unsigned depth, struct extent *extent)
{
    extent->cells += slot->id == METACALL_DATE ? 3 : 2;
    if (slot->id == METACALL_STRING && !text_stands_alone(slot)) {
        measure_text(slot, extent);
    } else if (is_container(slot)) {
        int object = slot->id == METACALL_MAP && is_object(slot);
        if (too_deep(depth) != 0)
            return -1;
        for (size_t i = 0; i < slot->as.array.count; i++) {
            const metacall_value *item = slot->as.array.items[i];
            if (object) {
                extent->cells++;
                measure_text(item->as.array.items[0], extent);
                item = item->as.array.items[1];
            } else if (slot->id == METACALL_MAP) {
                if (measure(item->as.array.items[0], depth + 1, extent) != 0)
                    return -1;
                item = item->as.array.items[1];
            }
            if (measure(item, depth + 1, extent) != 0)
                return -1;
        }
    }
    return 0;
}

static int write_text(struct writer *out, const metacall_value *slot)
{
    size_t count = slot->as.bytes.size;

    if (out->text) {
        memcpy(out->text + out->text_size, slot->as.bytes.data, count);
    } else {
        count = node_text_units(slot->as.bytes.data, count);
        if (count == (size_t)-1)
            return metacall_error_raise(METACALL_ERROR_TYPE,
                                        ": a string that is not UTF-8 cannot be passed to Node; "
                                        "pass bytes");
        node_text_decode(slot->as.bytes.data, slot->as.bytes.size, out->units + out->text_size);
    }
    *out->at++ = (double)count;
    out->text_size += count;
    return 0;
}

static int write_ref(struct writer *out, const metacall_value *slot)
{
    napi_value value;
    int rc = slot->id == METACALL_STRING || slot->id == METACALL_LONG
                 ? node_value_make(out->env, slot, &value)
                 : node_value_make_single(out->env, slot, &value);

    if (rc != 0)
        return -1;
    if (!out->refs && napi_create_array(out->env->napi, &out->refs) != napi_ok)
        return metacall_error_raise(METACALL_ERROR_MEMORY, ": out of memory");
    napi_set_element(out->env->napi, out->refs, out->ref_count++, value);
    *out->at++ = NODE_CELL_FOREIGN;
    return 0;
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

static int write_cell(struct writer *out, const metacall_value *slot);

/* Puts a step in front of the path of a refusal. */
static int step(struct writer *out, const char *format, const char *key, size_t index)
{
    char text[256];
    int n =
        key ? snprintf(text, sizeof text, format, key) : snprintf(text, sizeof text, format, index);

    if (n < 0)
        return -1;
    strncat(text, out->path, sizeof text - strlen(text) - 1);
    memcpy(out->path, text, sizeof text);
    return -1;
}

static int write_array(struct writer *out, const metacall_value *slot)
{
    size_t count = slot->as.array.count;
    int set = slot->id == METACALL_SET, numbers = !set && all_numbers(slot);

    *out->at++ = set ? NODE_CELL_SET : numbers ? NODE_CELL_NUMBERS : NODE_CELL_ARRAY;
    *out->at++ = (double)count;
    for (size_t i = 0; i < count; i++) {
        if (numbers)
            *out->at++ = number_of(slot->as.array.items[i]);
        else if (write_cell(out, slot->as.array.items[i]) != 0)
            return step(out, "[%zu]", NULL, i);
    }
    return 0;
}

/* What a JavaScript Date can hold. */
#define DATE_MOST 8640000000000000

static int write_date(struct writer *out, const metacall_value *slot)
{
    int64_t below = slot->as.date % 1000;
    int64_t milliseconds = slot->as.date / 1000;

    if (below < 0) {
        below += 1000;
        milliseconds--;
    }
    if (milliseconds < -DATE_MOST || milliseconds > DATE_MOST)
        return metacall_error_raise(METACALL_ERROR_RANGE, ": a date that JavaScript lacks");
    *out->at++ = NODE_CELL_DATE;
    *out->at++ = (double)milliseconds;
    *out->at++ = (double)below;
    return 0;
}

static int write_map(struct writer *out, const metacall_value *slot)
{
    int object = is_object(slot);

    *out->at++ = object ? NODE_CELL_OBJECT : NODE_CELL_MAP;
    *out->at++ = (double)slot->as.array.count;
    for (size_t i = 0; i < slot->as.array.count; i++) {
        metacall_value *const *pair = slot->as.array.items[i]->as.array.items;
        if ((object ? write_text(out, pair[0]) : write_cell(out, pair[0])) != 0)
            return step(out, "<key %zu>", NULL, i);
        if (write_cell(out, pair[1]) != 0)
            return object ? step(out, ".%.200s", pair[0]->as.bytes.data, 0)
                          : step(out, "<value %zu>", NULL, i);
    }
    return 0;
}

static int write_cell(struct writer *out, const metacall_value *slot)
{
    switch (slot->id) {
    case METACALL_NULL:
        *out->at++ = NODE_CELL_NULL;
        return 0;
    case METACALL_BOOL:
        *out->at++ = slot->as.boolean_ ? NODE_CELL_TRUE : NODE_CELL_FALSE;
        return 0;
    case METACALL_CHAR:
        write_number(out, slot->as.char_);
        return 0;
    case METACALL_SHORT:
        write_number(out, slot->as.short_);
        return 0;
    case METACALL_INT:
        write_number(out, slot->as.int_);
        return 0;
    case METACALL_FLOAT:
        write_number(out, (double)slot->as.float_);
        return 0;
    case METACALL_LONG:
    case METACALL_DOUBLE:
        if (!is_scalar_number(slot))
            return write_ref(out, slot);
        write_number(out, number_of(slot));
        return 0;
    case METACALL_STRING:
        if (text_stands_alone(slot))
            return write_ref(out, slot);
        *out->at++ = NODE_CELL_TEXT;
        return write_text(out, slot);
    case METACALL_DATE:
        return write_date(out, slot);
    case METACALL_ARRAY:
    case METACALL_SET:
        return write_array(out, slot);
    case METACALL_MAP:
        return write_map(out, slot);
    default:
        return write_ref(out, slot);
    }
}

/* The refusal of an inner value begins with ": "; the path goes before it. */
static int place_refusal(struct writer *out)
{
    return out->path[0] ? node_value_name("%s", out->path) : -1;
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

int node_cells_make(struct node_env *env, const metacall_value *slot, napi_value *ret_value)
{
    struct writer out = {.env = env};
    struct extent extent = {0, 0, 1};
    char few[1024];
    void *text = few;
    napi_value args[2], value;
    napi_status status;
    int rc = -1;

    if (measure(slot, 0, &extent) != 0 || make_inbox(env, extent.cells) != 0)
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
    if (write_cell(&out, slot) != 0) {
        place_refusal(&out);
        goto out;
    }
    status = extent.ascii ? napi_create_string_latin1(env->napi, text, out.text_size, &args[0])
                          : napi_create_string_utf16(env->napi, text, out.text_size, &args[0]);
    if (status != napi_ok) {
        metacall_error_raise(METACALL_ERROR_RANGE, ": too large for Node");
        goto out;
    }
    args[1] = out.refs ? out.refs : args[0];
    value = node_env_help(env, NODE_UNPACK, 2, args);
    if (!value) {
        node_error_from_pending(env, METACALL_ERROR_GUEST);
        goto out;
    }
    *ret_value = value;
    rc = 0;
out:
    if (text != few)
        free(text);
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* See node_cells.h: a value in the form that bootstrap/unpack.js takes. It is written to a draft of
 * its own: what only a reference can hold is made on the way, which may run JavaScript, or leave
 * it, so that other messages go in between. The draft goes to the inbox in one go. */
#include "node_cells.h"
#include "node_error.h"
#include "node_names.h"
#include "node_shape.h"
#include "node_text.h"

#include <stdio.h>
#include <string.h>

#define MAX_DEPTH 1024
/* Texts of this many bytes go alone: a slice would keep the whole joined text alive. */
#define TEXT_ALONE 64
/* What a JavaScript Date can hold. */
#define DATE_MOST 8640000000000000

struct writer {
    struct node_env *env;
    struct node_draft draft;
    napi_value refs; /* made on the way, in order */
    uint32_t ref_count;
    char path[256]; /* of a refusal, made from its end */
};

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

static int raise_memory(void)
{
    return metacall_error_raise(METACALL_ERROR_MEMORY, ": out of memory");
}

/* ------------------------------------------------------------------------------------- scalars */

static int write_one(struct writer *out, enum node_cell cell)
{
    double *to = node_draft_cells(&out->draft, 1);

    if (!to)
        return raise_memory();
    to[0] = cell;
    out->draft.count++;
    return 0;
}

static inline int write_two(struct writer *out, enum node_cell cell, double operand)
{
    double *to = node_draft_cells(&out->draft, 2);

    if (!to)
        return raise_memory();
    to[0] = cell;
    to[1] = operand;
    out->draft.count += 2;
    return 0;
}

static int add_text(struct writer *out, const metacall_value *slot, size_t *ret_units)
{
    *ret_units = node_draft_text(&out->draft, slot->as.bytes.data, slot->as.bytes.size);
    if (*ret_units < (size_t)-2)
        return 0;
    if (*ret_units == (size_t)-2)
        return raise_memory();
    return metacall_error_raise(METACALL_ERROR_TYPE, ": a string that is not UTF-8 cannot be "
                                                     "passed to Node; pass bytes");
}

static int write_text(struct writer *out, const metacall_value *slot)
{
    size_t units;

    return add_text(out, slot, &units) == 0 ? write_two(out, NODE_CELL_TEXT, (double)units) : -1;
}

static int write_date(struct writer *out, const metacall_value *slot)
{
    int64_t below = slot->as.date % 1000;
    int64_t milliseconds = slot->as.date / 1000;
    double *to = node_draft_cells(&out->draft, 3);

    if (milliseconds <= -DATE_MOST || milliseconds > DATE_MOST)
        return metacall_error_raise(METACALL_ERROR_RANGE, ": a date that JavaScript lacks");
    if (!to)
        return raise_memory();
    if (below < 0) {
        below += 1000;
        milliseconds--;
    }
    to[0] = NODE_CELL_DATE;
    to[1] = (double)milliseconds;
    to[2] = (double)below;
    out->draft.count += 3;
    return 0;
}

static int write_ref(struct writer *out, const metacall_value *slot)
{
    napi_env napi = out->env->napi;
    napi_value value;
    int rc = slot->id == METACALL_STRING || slot->id == METACALL_LONG
                 ? node_value_make(out->env, slot, &value)
                 : node_value_make_single(out->env, slot, &value);

    if (rc != 0)
        return -1;
    if (!out->refs && napi_create_array(napi, &out->refs) != napi_ok)
        return raise_memory();
    napi_set_element(napi, out->refs, out->ref_count++, value);
    return write_one(out, NODE_CELL_FOREIGN);
}

/* ---------------------------------------------------------------------------------- containers */

/* Numbers as doubles. How many items of the array are some: all, or those before the first that is
 * none. *ret_integers = 1 where all of them are integers of 32 bits. */
static size_t copy_numbers(const metacall_value *slot, double *to, int *ret_integers)
{
    metacall_value *const *items = slot->as.array.items;
    size_t count = slot->as.array.count, i;
    int64_t past = 0; /* what no integer of 32 bits has */

    for (i = 0; i < count; i++) {
        const metacall_value *item = items[i];
        if (item->id == METACALL_LONG) {
            int64_t number = item->as.long_;
            past |= number ^ (int32_t)number;
            if (!node_value_is_safe(number))
                break;
            to[i] = (double)number;
        } else if (item->id == METACALL_DOUBLE) {
            to[i] = item->as.double_;
            past = 1;
        } else {
            break;
        }
    }
    *ret_integers = past == 0;
    return i;
}

/* An array of numbers alone; an empty one is one. 1 = it was none, and nothing is written. */
static int write_numbers(struct writer *out, const metacall_value *slot)
{
    size_t count = slot->as.array.count;
    double *to;
    int integers;

    if (count > 0 && slot->as.array.items[0]->id != METACALL_LONG &&
        slot->as.array.items[0]->id != METACALL_DOUBLE)
        return 1;
    to = node_draft_cells(&out->draft, 2 + count);
    if (!to)
        return raise_memory();
    if (copy_numbers(slot, to + 2, &integers) < count)
        return 1;
    to[0] = integers ? NODE_CELL_INTEGERS : NODE_CELL_NUMBERS;
    to[1] = (double)count;
    for (size_t i = 0; integers && i < count; i++) { /* two in a cell, none before it was read */
        int32_t number = (int32_t)to[2 + i];
        memcpy((char *)(to + 2) + i * sizeof number, &number, sizeof number);
    }
    out->draft.count += 2 + (integers ? (count + 1) / 2 : count);
    return 0;
}

static int write_cell(struct writer *out, const metacall_value *slot, unsigned depth);

static int write_array(struct writer *out, const metacall_value *slot, unsigned depth)
{
    size_t count = slot->as.array.count;
    int is_set = slot->id == METACALL_SET;
    int rc = is_set ? 1 : write_numbers(out, slot);

    if (rc <= 0)
        return rc;
    if (write_two(out, is_set ? NODE_CELL_SET : NODE_CELL_ARRAY, (double)count) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (write_cell(out, slot->as.array.items[i], depth + 1) != 0)
            return step(out, "[%zu]", NULL, i);
    return 0;
}

/* A key of an object without a shape: its number where JavaScript knows it, else its text. */
static int write_key(struct writer *out, const metacall_value *slot)
{
    int number = node_names_number(out->env, slot->as.bytes.data, slot->as.bytes.size);
    size_t units = 0;
    double *to;

    if (number < 0 && add_text(out, slot, &units) != 0)
        return -1;
    if ((to = node_draft_cells(&out->draft, 1)) == NULL)
        return raise_memory();
    *to = number < 0 ? (double)units : -1.0 - number;
    out->draft.count++;
    return 0;
}

/* A map whose keys are all strings is an object. */
static int write_map(struct writer *out, const metacall_value *slot, unsigned depth)
{
    size_t count = slot->as.array.count;
    int texts;
    const struct node_shape *shape = node_shape_of(out->env, slot->as.array.items, count, &texts);
    enum node_cell cell = shape ? NODE_CELL_SHAPED : texts ? NODE_CELL_OBJECT : NODE_CELL_MAP;

    if (write_two(out, cell, shape ? shape->number : (double)count) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        metacall_value *const *pair = slot->as.array.items[i]->as.array.items;
        if (!shape && (texts ? write_key(out, pair[0]) : write_cell(out, pair[0], depth + 1)) != 0)
            return step(out, "<key %zu>", NULL, i);
        if (write_cell(out, pair[1], depth + 1) != 0)
            return texts ? step(out, ".%.200s", pair[0]->as.bytes.data, 0)
                         : step(out, "<value %zu>", NULL, i);
    }
    return 0;
}

static int write_cell(struct writer *out, const metacall_value *slot, unsigned depth)
{
    if (depth >= MAX_DEPTH)
        return metacall_error_raise(METACALL_ERROR_TYPE, ": nested deeper than %d", MAX_DEPTH);
    switch (slot->id) {
    case METACALL_NULL:
        return write_one(out, NODE_CELL_NULL);
    case METACALL_BOOL:
        return write_one(out, slot->as.boolean_ ? NODE_CELL_TRUE : NODE_CELL_FALSE);
    case METACALL_CHAR:
        return write_two(out, NODE_CELL_NUMBER, slot->as.char_);
    case METACALL_SHORT:
        return write_two(out, NODE_CELL_NUMBER, slot->as.short_);
    case METACALL_INT:
        return write_two(out, NODE_CELL_NUMBER, slot->as.int_);
    case METACALL_FLOAT:
        return write_two(out, NODE_CELL_NUMBER, (double)slot->as.float_);
    case METACALL_DOUBLE:
        return write_two(out, NODE_CELL_NUMBER, slot->as.double_);
    case METACALL_LONG:
        return node_value_is_safe(slot->as.long_)
                   ? write_two(out, NODE_CELL_NUMBER, (double)slot->as.long_)
                   : write_ref(out, slot);
    case METACALL_STRING:
        return slot->as.bytes.size < TEXT_ALONE ? write_text(out, slot) : write_ref(out, slot);
    case METACALL_DATE:
        return write_date(out, slot);
    case METACALL_ARRAY:
    case METACALL_SET:
        return write_array(out, slot, depth);
    case METACALL_MAP:
        return write_map(out, slot, depth);
    default:
        return write_ref(out, slot);
    }
}

/* ------------------------------------------------------------------------------------ the whole */

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

/* NULL where there is none: undefined in JavaScript. */
static int make_text(struct writer *out, napi_value *ret_text)
{
    const struct node_draft *draft = &out->draft;
    napi_env napi = out->env->napi;
    napi_status status;

    *ret_text = NULL;
    if (draft->text == 0)
        return 0;
    if (draft->wide)
        status =
            napi_create_string_utf16(napi, (char16_t *)(void *)draft->bytes, draft->text, ret_text);
    else
        status = napi_create_string_latin1(napi, draft->bytes, draft->text, ret_text);
    return status == napi_ok ? 0
                             : metacall_error_raise(METACALL_ERROR_RANGE, ": too large for Node");
}

/* Puts the cells of a value into the inbox. They are taken out of it before any other JavaScript
 * runs. */
static int fill_inbox(struct writer *out, const metacall_value *slot, napi_value *ret_text)
{
    struct node_env *env = out->env;

    if (write_cell(out, slot, 0) != 0) /* a refusal begins with ": "; the path goes before it */
        return out->path[0] ? node_value_name("%s", out->path) : -1;
    if (make_inbox(env, out->draft.count) != 0 || make_text(out, ret_text) != 0)
        return -1;
    memcpy(env->inbox, out->draft.cells, out->draft.count * sizeof *out->draft.cells);
    return 0;
}

static void writer_begin(struct writer *out, struct node_env *env)
{
    out->env = env;
    out->refs = NULL;
    out->ref_count = 0;
    out->path[0] = '\0';
    out->draft = env->draft;
    env->draft = (struct node_draft){0};
    if (env->writing++ == 0)
        node_names_trim(&env->names);
}

static void writer_end(struct writer *out)
{
    out->env->writing--;
    node_draft_clear(&out->draft);
    node_draft_finish(&out->env->draft); /* of a message in between */
    out->env->draft = out->draft;
}

int node_cells_make(struct node_env *env, const metacall_value *slot, napi_value *ret_value)
{
    struct writer out;
    napi_value args[2], value;
    int rc;

    writer_begin(&out, env);
    rc = fill_inbox(&out, slot, &args[0]);
    if (rc == 0 && !args[0])
        napi_get_undefined(env->napi, &args[0]);
    if (rc == 0) {
        args[1] = out.refs ? out.refs : args[0];
        value = node_env_help(env, NODE_UNPACK, 2, args);
        if (value)
            *ret_value = value;
        else
            rc = node_error_from_pending(env, METACALL_ERROR_GUEST);
    }
    writer_end(&out);
    return rc;
}

int node_cells_leave(struct node_env *env, const metacall_value *slot, napi_value *ret_value)
{
    struct writer out;
    napi_value text;
    int rc;

    writer_begin(&out, env);
    rc = fill_inbox(&out, slot, &text);
    if (rc == 0) {
        if (out.refs && !text)
            napi_get_undefined(env->napi, &text);
        if (out.refs)
            napi_set_element(env->napi, out.refs, out.ref_count, text);
        *ret_value = out.refs ? out.refs : text;
    }
    writer_end(&out);
    return rc;
}

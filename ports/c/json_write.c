/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A value as JSON text. */
#include "ports/c/json.h"

#include "core/bigint.h"
#include "core/convert.h"
#include "core/date_text.h"
#include "core/error.h"
#include "core/real_text.h"

#include <metacall/object.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the writer is inside the value: an index, or a key. */
struct json_place {
    const struct json_place *outer;
    size_t index;
    const metacall_value *key; /* NULL = index */
};

struct json_writer {
    char *data;
    size_t size;
    size_t room;
    unsigned depth;
    const struct json_place *place; /* the innermost; NULL = the value itself */
};

#define JSON_PATH_MAX 160

/* "[3].name": the innermost parts of the place, as many as fit. */
static const char *json_path(const struct json_writer *writer, char path[JSON_PATH_MAX])
{
    char *at = path + JSON_PATH_MAX - 1;
    *at = '\0';
    for (const struct json_place *place = writer->place; place != NULL; place = place->outer) {
        char part[64];
        if (place->key == NULL)
            snprintf(part, sizeof(part), "[%zu]", place->index);
        else
            snprintf(part, sizeof(part), ".%.40s", place->key->as.bytes.data);
        size_t length = strlen(part);
        if ((size_t)(at - path) < length + 3) {
            at -= 3;
            memcpy(at, "...", 3);
            break;
        }
        at -= length;
        memcpy(at, part, length);
    }
    memmove(path, at, strlen(at) + 1);
    return path;
}

static int json_refuse(const struct json_writer *writer, const char *what)
{
    char path[JSON_PATH_MAX];
    return metacall_error_raise(METACALL_ERROR_TYPE, "JSON has no form for %s%s%s", what,
                                writer->place != NULL ? " at " : "", json_path(writer, path));
}

/* "an Object of type Decimal". */
static int json_refuse_object(const struct json_writer *writer, const metacall_value *value)
{
    char what[96];
    snprintf(what, sizeof(what), "%s %.60s",
             value->id == METACALL_CLASS ? "the class" : "an object of type",
             value->as.object->type);
    return json_refuse(writer, what);
}

static int json_put(struct json_writer *writer, const char *data, size_t size)
{
    if (writer->room - writer->size < size) {
        size_t room = writer->room * 2 + size + 64;
        char *grown = realloc(writer->data, room);
        if (grown == NULL)
            return error_raise_memory();
        writer->data = grown;
        writer->room = room;
    }
    memcpy(writer->data + writer->size, data, size);
    writer->size += size;
    return 0;
}

static int json_put_text(struct json_writer *writer, const char *text)
{
    return json_put(writer, text, strlen(text));
}

/* Length of what `at` begins with when it must be escaped as a unit of its own, else 0: a control
 * character, or a lone surrogate in WTF-8 (ED A0..BF xx). */
static size_t json_unit(const unsigned char *at, size_t left, unsigned *ret_unit)
{
    if (at[0] < 0x20 || at[0] == 0x7f) {
        *ret_unit = at[0];
        return 1;
    }
    if (at[0] == 0xed && left >= 3 && at[1] >= 0xa0) {
        *ret_unit = 0xd000u | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
        return 3;
    }
    return 0;
}

static int json_put_string(struct json_writer *writer, const char *data, size_t size)
{
    const unsigned char *at = (const unsigned char *)data, *end = at + size, *plain = at;
    if (json_put(writer, "\"", 1) != 0)
        return -1;
    while (at < end) {
        unsigned unit;
        char escape[8];
        size_t length = json_unit(at, (size_t)(end - at), &unit);
        if (*at == '"' || *at == '\\') {
            snprintf(escape, sizeof(escape), "\\%c", *at);
            length = 1;
        } else if (*at == '\n' || *at == '\t' || *at == '\r') {
            snprintf(escape, sizeof(escape), "\\%c", *at == '\n' ? 'n' : *at == '\t' ? 't' : 'r');
        } else if (length != 0) {
            snprintf(escape, sizeof(escape), "\\u%04x", unit);
        } else {
            at++;
            continue;
        }
        if (json_put(writer, (const char *)plain, (size_t)(at - plain)) != 0 ||
            json_put_text(writer, escape) != 0)
            return -1;
        at += length;
        plain = at;
    }
    if (json_put(writer, (const char *)plain, (size_t)(at - plain)) != 0)
        return -1;
    return json_put(writer, "\"", 1);
}

/* A real number stays one: it always has a point or an exponent. */
static int json_put_real(struct json_writer *writer, double real, int single)
{
    char text[REAL_TEXT_SIZE + 2];
    if (!isfinite(real))
        return json_refuse(writer, isnan(real) ? "NaN" : "infinity");
    real_format(text, real, single);
    if (strpbrk(text, ".e") == NULL)
        strcat(text, ".0");
    return json_put_text(writer, text);
}

static int json_put_value(struct json_writer *writer, const metacall_value *value);

static int json_put_array(struct json_writer *writer, const metacall_value *value)
{
    if (json_put(writer, "[", 1) != 0)
        return -1;
    for (size_t i = 0; i < value->as.array.count; i++) {
        struct json_place place = {writer->place, i, NULL};
        if (i != 0 && json_put(writer, ",", 1) != 0)
            return -1;
        writer->place = &place;
        int result = json_put_value(writer, value->as.array.items[i]);
        writer->place = place.outer;
        if (result != 0)
            return -1;
    }
    return json_put(writer, "]", 1);
}

static int json_put_map(struct json_writer *writer, const metacall_value *value)
{
    if (json_put(writer, "{", 1) != 0)
        return -1;
    for (size_t i = 0; i < value->as.array.count; i++) {
        metacall_value *const *pair = value->as.array.items[i]->as.array.items;
        if (pair[0]->id != METACALL_STRING)
            return json_refuse(writer, "a map with keys that are no strings");
        struct json_place place = {writer->place, i, pair[0]};
        if ((i != 0 && json_put(writer, ",", 1) != 0) ||
            json_put_string(writer, pair[0]->as.bytes.data, pair[0]->as.bytes.size) != 0 ||
            json_put(writer, ":", 1) != 0)
            return -1;
        writer->place = &place;
        int result = json_put_value(writer, pair[1]);
        writer->place = place.outer;
        if (result != 0)
            return -1;
    }
    return json_put(writer, "}", 1);
}

static int json_put_nested(struct json_writer *writer, const metacall_value *value)
{
    if (writer->depth == JSON_NESTING_MAX)
        return metacall_error_raise(METACALL_ERROR_RANGE, "a value nests deeper than %d levels",
                                    JSON_NESTING_MAX);
    writer->depth++;
    int result =
        value->id == METACALL_MAP ? json_put_map(writer, value) : json_put_array(writer, value);
    writer->depth--;
    return result;
}

static int json_put_integer(struct json_writer *writer, const metacall_value *value)
{
    char text[24];
    int64_t number;
    if (convert_integer(value, &number)) {
        snprintf(text, sizeof(text), "%lld", (long long)number);
        return json_put_text(writer, text);
    }
    char *digits = bigint_to_text(value);
    int result = digits != NULL ? json_put_text(writer, digits) : -1;
    free(digits);
    return result;
}

static int json_put_value(struct json_writer *writer, const metacall_value *value)
{
    switch (value->id) {
    case METACALL_NULL:
        return json_put_text(writer, "null");
    case METACALL_BOOL:
        return json_put_text(writer, value->as.boolean_ ? "true" : "false");
    case METACALL_CHAR:
    case METACALL_SHORT:
    case METACALL_INT:
    case METACALL_LONG:
    case METACALL_BIGINT:
        return json_put_integer(writer, value);
    case METACALL_FLOAT:
        return json_put_real(writer, (double)value->as.float_, 1);
    case METACALL_DOUBLE:
        return json_put_real(writer, value->as.double_, 0);
    case METACALL_STRING:
        return json_put_string(writer, value->as.bytes.data, value->as.bytes.size);
    case METACALL_ARRAY:
    case METACALL_SET:
    case METACALL_MAP:
        return json_put_nested(writer, value);
    case METACALL_DATE: {
        char text[DATE_TEXT_SIZE];
        date_format(text, value->as.date);
        return json_put_string(writer, text, strlen(text));
    }
    case METACALL_CLASS:
    case METACALL_OBJECT:
        return json_refuse_object(writer, value);
    default:
        return json_refuse(writer, metacall_kind_name((enum metacall_value_id)value->id));
    }
}

char *json_write(const metacall_value *value, size_t *ret_size)
{
    struct json_writer writer = {0};
    if (json_put_value(&writer, value) != 0 || json_put(&writer, "", 1) != 0) {
        free(writer.data);
        return NULL;
    }
    *ret_size = writer.size;
    return writer.data;
}

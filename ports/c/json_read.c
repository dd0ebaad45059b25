/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* JSON text (RFC 8259) as a value: strict, exact, placed errors. */
#include "ports/c/json.h"

#include "core/bigint.h"
#include "core/block.h"
#include "core/error.h"
#include "core/real_text.h"
#include "core/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct json_reader {
    const char *text;
    const char *at;
    const char *end;
    unsigned depth;
};

/* Elements of an array or of a map (key, value, key, value) until their number is known. */
struct json_items {
    metacall_value *slots;
    size_t count;
    size_t room;
};

static int json_raise(const struct json_reader *reader, const char *expected)
{
    size_t line = 1, column = 1;
    for (const char *c = reader->text; c < reader->at; c++) {
        column++;
        if (*c == '\n') {
            line++;
            column = 1;
        }
    }
    if (reader->at == reader->end)
        return metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                    "JSON:%zu:%zu: expected %s, found the end", line, column,
                                    expected);
    unsigned char found = (unsigned char)*reader->at;
    return metacall_error_raise(METACALL_ERROR_ARGUMENT,
                                found >= 0x20 && found < 0x7f
                                    ? "JSON:%zu:%zu: expected %s, found '%c'"
                                    : "JSON:%zu:%zu: expected %s, found byte 0x%02x",
                                line, column, expected, found);
}

static void json_skip_space(struct json_reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) != NULL &&
           *reader->at != '\0')
        reader->at++;
}

static int json_accept(struct json_reader *reader, char c)
{
    if (reader->at == reader->end || *reader->at != c)
        return 0;
    reader->at++;
    return 1;
}

/* ------------------------------------------------------------------------------------ strings */

static int json_hex(struct json_reader *reader, unsigned *ret_unit)
{
    unsigned unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = reader->at < reader->end ? *reader->at : '\0';
        unsigned digit;
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (unsigned)((c | 0x20) - 'a') + 10;
        else
            return json_raise(reader, "a hexadecimal digit");
        unit = unit << 4 | digit;
        reader->at++;
    }
    *ret_unit = unit;
    return 0;
}

static char *json_encode(char *out, unsigned code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    }
    return out;
}

/* After a backslash. At most three bytes for the six that it came from, four for twelve. */
static int json_escape(struct json_reader *reader, char **out)
{
    static const char names[] = "\"\\/bfnrt", codes[] = "\"\\/\b\f\n\r\t";
    char c = reader->at < reader->end ? *reader->at : '\0';
    const char *name = c != '\0' ? strchr(names, c) : NULL;
    unsigned unit, low;
    if (name != NULL) {
        *(*out)++ = codes[name - names];
        reader->at++;
        return 0;
    }
    if (c != 'u')
        return json_raise(reader, "an escape");
    reader->at++;
    if (json_hex(reader, &unit) != 0)
        return -1;
    if (unit >= 0xd800 && unit < 0xdc00 && reader->end - reader->at >= 6 && reader->at[0] == '\\' &&
        reader->at[1] == 'u') {
        const char *back = reader->at;
        reader->at += 2;
        if (json_hex(reader, &low) != 0)
            return -1;
        if (low >= 0xdc00 && low < 0xe000)
            unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        else
            reader->at = back; /* a lone surrogate, and something else after it */
    }
    *out = json_encode(*out, unit);
    return 0;
}

/* Length of the valid UTF-8 sequence at `at`, 0 = none. */
static size_t json_utf8(const unsigned char *at, size_t left)
{
    static const unsigned char lengths[16] = {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 2, 2, 3, 4};
    size_t length = lengths[at[0] >> 4];
    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((length == 2 && at[0] < 0xc2) || (at[0] == 0xe0 && at[1] < 0xa0) ||
        (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf0 && at[1] < 0x90) ||
        (at[0] == 0xf4 && at[1] >= 0x90) || at[0] > 0xf4)
        return 0;
    return length;
}

static int json_read_string(struct json_reader *reader, metacall_value *slot)
{
    const char *quote = reader->at + 1;
    while (quote < reader->end && *quote != '"')
        quote += *quote == '\\' && quote + 1 < reader->end ? 2 : 1;
    reader->at++;
    /* Text never grows while it is decoded. */
    if (metacall_slot_bytes(slot, METACALL_STRING, NULL, (size_t)(quote - reader->at)) != 0)
        return -1;
    char *out = slot->as.bytes.data;
    while (reader->at < reader->end && *reader->at != '"') {
        if (json_accept(reader, '\\')) {
            if (json_escape(reader, &out) != 0)
                return -1;
            continue;
        }
        size_t length =
            json_utf8((const unsigned char *)reader->at, (size_t)(reader->end - reader->at));
        if (length == 0 || (unsigned char)*reader->at < 0x20)
            return json_raise(reader, "valid UTF-8 without control characters");
        memcpy(out, reader->at, length);
        out += length;
        reader->at += length;
    }
    if (!json_accept(reader, '"'))
        return json_raise(reader, "'\"'");
    *out = '\0';
    slot->as.bytes.size = (size_t)(out - slot->as.bytes.data);
    return 0;
}

/* ------------------------------------------------------------------------------------ numbers */

static size_t json_digits(struct json_reader *reader)
{
    const char *start = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return (size_t)(reader->at - start);
}

static int json_real(const char *start, size_t size, metacall_value *slot)
{
    double real;
    if (!real_parse(start, size, &real))
        return error_raise_memory(); /* the grammar was checked: nothing else can fail */
    if (!isfinite(real))
        return metacall_error_raise(METACALL_ERROR_RANGE, "a JSON number is too large for Double");
    metacall_slot_double(slot, real);
    return 0;
}

static int json_read_number(struct json_reader *reader, metacall_value *slot)
{
    const char *start = reader->at;
    int real = 0;
    json_accept(reader, '-');
    if (!json_accept(reader, '0') && json_digits(reader) == 0)
        return json_raise(reader, "a digit");
    if (json_accept(reader, '.')) {
        real = 1;
        if (json_digits(reader) == 0)
            return json_raise(reader, "a digit");
    }
    if (reader->at < reader->end && (*reader->at | 0x20) == 'e') {
        real = 1;
        reader->at++;
        if (!json_accept(reader, '+'))
            json_accept(reader, '-');
        if (json_digits(reader) == 0)
            return json_raise(reader, "a digit");
    }
    size_t size = (size_t)(reader->at - start);
    if (real || (size == 2 && start[0] == '-' && start[1] == '0'))
        return json_real(start, size, slot);
    return bigint_from_text(slot, start, size);
}

/* ------------------------------------------------------------------------------------- nested */

static metacall_value *json_item(struct json_items *items)
{
    if (items->count == items->room) {
        size_t room = items->room * 2 + 8;
        metacall_value *grown = realloc(items->slots, room * sizeof(*grown));
        if (grown == NULL) {
            error_raise_memory();
            return NULL;
        }
        items->slots = grown;
        items->room = room;
    }
    metacall_value *slot = &items->slots[items->count++];
    *slot = (metacall_value)METACALL_SLOT_INIT;
    return slot;
}

static void json_items_finish(struct json_items *items)
{
    for (size_t i = 0; i < items->count; i++)
        metacall_slot_clear(&items->slots[i]);
    free(items->slots);
}

static int json_items_settle(struct json_items *items, enum metacall_value_id id,
                             metacall_value *slot)
{
    size_t count = id == METACALL_MAP ? items->count / 2 : items->count;
    if ((id == METACALL_MAP ? metacall_slot_map(slot, count) : metacall_slot_array(slot, count)) !=
        0)
        return -1;
    for (size_t i = 0; i < items->count; i++) {
        metacall_value *place = id == METACALL_MAP
                                    ? slot->as.array.items[i / 2]->as.array.items[i % 2]
                                    : slot->as.array.items[i];
        value_move(place, &items->slots[i]);
    }
    return 0;
}

static int json_read_value(struct json_reader *reader, metacall_value *slot);

static int json_read_member(struct json_reader *reader, struct json_items *items,
                            enum metacall_value_id id)
{
    json_skip_space(reader);
    if (id == METACALL_MAP) {
        metacall_value *key = json_item(items);
        if (key == NULL)
            return -1;
        if (reader->at == reader->end || *reader->at != '"')
            return json_raise(reader, "a name in quotes");
        if (json_read_string(reader, key) != 0)
            return -1;
        json_skip_space(reader);
        if (!json_accept(reader, ':'))
            return json_raise(reader, "':'");
    }
    /* Into a slot of its own: reading may move the items. */
    metacall_value value = METACALL_SLOT_INIT;
    if (json_read_value(reader, &value) != 0) {
        metacall_slot_clear(&value);
        return -1;
    }
    metacall_value *item = json_item(items);
    if (item == NULL) {
        metacall_slot_clear(&value);
        return -1;
    }
    value_move(item, &value);
    return 0;
}

static int json_read_nested(struct json_reader *reader, metacall_value *slot,
                            enum metacall_value_id id)
{
    struct json_items items = {0};
    char close = id == METACALL_MAP ? '}' : ']';
    int result = 0;
    if (reader->depth == JSON_NESTING_MAX)
        return metacall_error_raise(METACALL_ERROR_RANGE, "JSON nests deeper than %d levels",
                                    JSON_NESTING_MAX);
    reader->depth++;
    reader->at++;
    json_skip_space(reader);
    if (!json_accept(reader, close)) {
        do {
            result = json_read_member(reader, &items, id);
            json_skip_space(reader);
        } while (result == 0 && json_accept(reader, ','));
        if (result == 0 && !json_accept(reader, close))
            result = json_raise(reader, id == METACALL_MAP ? "',' or '}'" : "',' or ']'");
    }
    if (result == 0)
        result = json_items_settle(&items, id, slot);
    json_items_finish(&items);
    reader->depth--;
    return result;
}

static int json_read_word(struct json_reader *reader, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return json_raise(reader, "a value");
    reader->at += length;
    return 0;
}

static int json_read_value(struct json_reader *reader, metacall_value *slot)
{
    json_skip_space(reader);
    switch (reader->at < reader->end ? *reader->at : '\0') {
    case '{':
        return json_read_nested(reader, slot, METACALL_MAP);
    case '[':
        return json_read_nested(reader, slot, METACALL_ARRAY);
    case '"':
        return json_read_string(reader, slot);
    case 't':
        metacall_slot_bool(slot, 1);
        return json_read_word(reader, "true");
    case 'f':
        metacall_slot_bool(slot, 0);
        return json_read_word(reader, "false");
    case 'n':
        return json_read_word(reader, "null");
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return json_read_number(reader, slot);
    default:
        return json_raise(reader, "a value");
    }
}

int json_read(metacall_value *slot, const char *text, size_t size)
{
    if (size != 0 && text[size - 1] == '\0')
        size--; /* programs pass sizeof(text) */
    struct json_reader reader = {text, text, text + size, 0};
    metacall_value value = METACALL_SLOT_INIT;
    int result = json_read_value(&reader, &value);
    if (result == 0) {
        json_skip_space(&reader);
        if (reader.at != reader.end)
            result = json_raise(&reader, "the end");
    }
    if (result == 0)
        value_move(slot, &value);
    else
        metacall_slot_clear(&value);
    return result;
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The JSON writer: see json.h. Errors of the stream are found when it is flushed at the end. */
#include "json.h"

#include "utf8.h"

static void text(struct json *json, const char *value)
{
    fputc('"', json->stream);
    while (*value != '\0') {
        size_t length = utf8_length(value);

        if (length == 0) {
            fputs("\xEF\xBF\xBD", json->stream); /* U+FFFD for a byte that is no UTF-8 */
            value++;
            continue;
        }
        if (*value == '"' || *value == '\\')
            fprintf(json->stream, "\\%c", *value);
        else if (*value == '\n')
            fputs("\\n", json->stream);
        else if (*value == '\t')
            fputs("\\t", json->stream);
        else if ((unsigned char)*value < 0x20 || *value == 0x7F)
            fprintf(json->stream, "\\u%04x", (unsigned)(unsigned char)*value);
        else
            fwrite(value, 1, length, json->stream);
        value += length;
    }
    fputc('"', json->stream);
}

static void line(struct json *json)
{
    fprintf(json->stream, "\n%*s", (int)(2 * json->depth), "");
}

static void member(struct json *json, const char *key)
{
    if (json->depth != 0) {
        if (!json->fresh)
            fputc(',', json->stream);
        line(json);
    }
    json->fresh = 0;
    if (key != NULL) {
        text(json, key);
        fputs(": ", json->stream);
    }
}

static void begin(struct json *json, const char *key, char bracket)
{
    member(json, key);
    fputc(bracket, json->stream);
    json->depth++;
    json->fresh = 1;
}

static void end(struct json *json, char bracket)
{
    json->depth--;
    if (!json->fresh)
        line(json);
    fputc(bracket, json->stream);
    json->fresh = 0;
    if (json->depth == 0)
        fputc('\n', json->stream);
}

void json_init(struct json *json, FILE *stream)
{
    json->stream = stream;
    json->depth = 0;
    json->fresh = 1;
}

void json_object(struct json *json, const char *key)
{
    begin(json, key, '{');
}

void json_object_end(struct json *json)
{
    end(json, '}');
}

void json_array(struct json *json, const char *key)
{
    begin(json, key, '[');
}

void json_array_end(struct json *json)
{
    end(json, ']');
}

void json_string(struct json *json, const char *key, const char *value)
{
    if (value == NULL) {
        json_null(json, key);
        return;
    }
    member(json, key);
    text(json, value);
}

void json_null(struct json *json, const char *key)
{
    json_raw(json, key, "null");
}

void json_number(struct json *json, const char *key, long long value)
{
    member(json, key);
    fprintf(json->stream, "%lld", value);
}

void json_bool(struct json *json, const char *key, int value)
{
    member(json, key);
    fputs(value ? "true" : "false", json->stream);
}

void json_raw(struct json *json, const char *key, const char *value)
{
    member(json, key);
    fputs(value, json->stream);
}

void json_strings(struct json *json, const char *key, const char *const *values)
{
    json_array(json, key);
    for (; values != NULL && *values != NULL; values++)
        json_string(json, NULL, *values);
    json_array_end(json);
}

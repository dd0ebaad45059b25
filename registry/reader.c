/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Places are made only when a fault is reported: the text is then walked once more to the ordinal
 * that the tree gives. A file without faults pays nothing for them. */
#include "registry/reader.h"

#include "registry/json_text.h"
#include "registry/pattern.h"
#include <math.h>
#include <string.h>

#define WORDS_MAX 40
#define MEMBERS_MAX 1024 /* of one object; the search for duplicates is quadratic */

static size_t place_depth(const struct place *place)
{
    size_t depth = 0;
    for (; place; place = place->up)
        depth++;
    return depth;
}

const char *reader_pointer(struct reader *reader, const struct place *place)
{
    const char *tail = "";
    for (; place; place = place->up) {
        char escaped[128];
        size_t size = 0;
        if (!place->key) {
            tail = arena_format(reader->arena, "/%u%s", place->ordinal, tail);
            continue;
        }
        for (const char *at = place->key; *at && size + 3 < sizeof escaped; at++) {
            if (*at == '~' || *at == '/') {
                escaped[size++] = '~';
                escaped[size++] = *at == '~' ? '0' : '1';
            } else {
                escaped[size++] = *at;
            }
        }
        escaped[size] = '\0';
        tail = arena_format(reader->arena, "/%s%s", escaped, tail);
    }
    return tail;
}

const char *reader_keep(struct reader *reader, const char *text)
{
    return reader->texts_stay ? text : arena_text(reader->arena, text);
}

void reader_report(struct reader *reader, const struct place *place, enum reader_spot spot,
                   const struct metacall_diagnostic *what)
{
    struct metacall_diagnostic diagnostic = *what;
    unsigned ordinals[JSON_TEXT_DEPTH + 1];
    size_t depth = place_depth(place), level = depth;
    if (depth <= JSON_TEXT_DEPTH) {
        for (const struct place *at = place; at; at = at->up)
            ordinals[--level] = at->ordinal;
        size_t offset = json_text_locate(reader->text, reader->size, ordinals, depth,
                                         spot == SPOT_KEY && place && place->key);
        json_text_place(reader->text, reader->size, offset, &diagnostic.line, &diagnostic.column);
    }
    diagnostic.severity = FINDING_USUAL;
    diagnostic.path = reader->path;
    diagnostic.tag = reader->tag;
    diagnostic.pointer = reader_pointer(reader, place);
    if (!diagnostic.message)
        diagnostic.message = arena_format(reader->arena, "expected %s, found %s",
                                          diagnostic.expected, diagnostic.found);
    findings_add(reader->findings, &diagnostic);
}

const char *reader_found(struct arena *arena, const cJSON *node)
{
    if (!node || cJSON_IsNull(node))
        return node ? "null" : "nothing";
    if (cJSON_IsBool(node))
        return cJSON_IsTrue(node) ? "true" : "false";
    if (cJSON_IsNumber(node))
        return arena_format(arena, "the number %.15g", node->valuedouble);
    if (cJSON_IsString(node)) {
        int cut = strlen(node->valuestring) > 60;
        return arena_format(arena, "\"%.60s%s\"", node->valuestring, cut ? "..." : "");
    }
    return cJSON_IsArray(node) ? (node->child ? "an array" : "an empty array") : "an object";
}

void reader_expect(struct reader *reader, const struct place *place, const char *id,
                   const char *expected, const cJSON *found)
{
    reader_report(reader, place, SPOT_VALUE,
                  &(struct metacall_diagnostic){
                      .id = id, .expected = expected, .found = reader_found(reader->arena, found)});
}

void reader_missing(struct reader *reader, const struct place *place, const char *key,
                    const char *why)
{
    reader_report(reader, place, SPOT_VALUE,
                  &(struct metacall_diagnostic){
                      .id = "manifest.key.missing",
                      .symbol = key,
                      .expected = arena_format(reader->arena, "the key \"%s\"", key),
                      .found = "no such key",
                      .message = arena_format(reader->arena, "the key \"%s\" is missing%s%s", key,
                                              why ? ": " : "", why ? why : "")});
}

struct place reader_member(const struct place *up, const cJSON *object, const char *key)
{
    struct place place = {.up = up, .key = key};
    for (const cJSON *at = object->child; at && strcmp(at->string, key) != 0; at = at->next)
        place.ordinal++;
    return place;
}

static int text_follows(const struct text_rule *rule, const char *text)
{
    if (rule->words) {
        for (const char *const *word = rule->words; *word; word++) {
            if (strcmp(*word, text) == 0)
                return 1;
        }
    }
    return rule->valid && rule->valid(text);
}

const char *reader_text(struct reader *reader, const struct place *place, const cJSON *node,
                        const struct text_rule *rule)
{
    if (!cJSON_IsString(node)) {
        reader_expect(reader, place, "manifest.type", "a string", node);
        return NULL;
    }
    if (!rule || text_follows(rule, node->valuestring))
        return reader_keep(reader, node->valuestring);
    struct metacall_diagnostic what = {
        .id = rule->id, .expected = rule->expected, .found = reader_found(reader->arena, node)};
    if (rule->words) {
        size_t count = 0;
        while (rule->words[count])
            count++;
        const char *meant = pattern_nearest(node->valuestring, rule->words, count);
        if (meant)
            what.fix = arena_format(reader->arena, "did you mean \"%s\"?", meant);
    }
    reader_report(reader, place, SPOT_VALUE, &what);
    return NULL;
}

const char *const *reader_texts(struct reader *reader, const struct place *place, const cJSON *node,
                                const struct text_rule *rule, unsigned flags)
{
    size_t count = 0;
    struct place inner = {.up = place};
    if (!cJSON_IsArray(node)) {
        reader_expect(reader, place, "manifest.type", "an array of strings", node);
        return NULL;
    }
    if (!node->child && (flags & FIELD_FILLED)) {
        reader_expect(reader, place, "manifest.value.empty", "at least one item", node);
        return NULL;
    }
    for (const cJSON *item = node->child; item; item = item->next)
        count++;
    const char **texts = arena_alloc(reader->arena, (count + 1) * sizeof *texts);
    if (!texts)
        return NULL;
    count = 0;
    for (const cJSON *item = node->child; item; item = item->next, inner.ordinal++) {
        const char *text = reader_text(reader, &inner, item, rule);
        if (text)
            texts[count++] = text;
    }
    return texts;
}

static void read_objects(struct reader *reader, const struct place *place, const cJSON *node,
                         const struct field *field, struct object_list *out)
{
    size_t count = 0;
    struct place inner = {.up = place};
    if (!cJSON_IsArray(node)) {
        reader_expect(reader, place, "manifest.type", "an array of objects", node);
        return;
    }
    if (!node->child && (field->flags & FIELD_FILLED)) {
        reader_expect(reader, place, "manifest.value.empty", "at least one item", node);
        return;
    }
    for (const cJSON *item = node->child; item; item = item->next)
        count++;
    char *items = arena_alloc(reader->arena, count * field->shape->size);
    if (!items)
        return;
    out->items = items;
    for (const cJSON *item = node->child; item; item = item->next, inner.ordinal++) {
        if (reader_object(reader, &inner, item, field->shape,
                          items + out->count * field->shape->size) == 0)
            out->count++;
    }
}

static void read_number(struct reader *reader, const struct place *place, const cJSON *node,
                        const struct field *field, int *out)
{
    if (cJSON_IsNumber(node) && node->valuedouble >= field->least &&
        node->valuedouble <= field->most && node->valuedouble == floor(node->valuedouble)) {
        *out = (int)node->valuedouble;
        return;
    }
    const char *expected =
        arena_format(reader->arena, "an integer from %d to %d", field->least, field->most);
    reader_expect(reader, place, cJSON_IsNumber(node) ? "manifest.value.range" : "manifest.type",
                  expected, node);
}

static void read_field(struct reader *reader, const struct place *place, const cJSON *node,
                       const struct field *field, char *out)
{
    void *slot = out + field->offset;
    switch (field->kind) {
    case FIELD_TEXT:
        *(const char **)slot = reader_text(reader, place, node, field->rule);
        break;
    case FIELD_TEXTS:
        *(const char *const **)slot = reader_texts(reader, place, node, field->rule, field->flags);
        break;
    case FIELD_FLAG:
        if (cJSON_IsBool(node))
            *(int *)slot = cJSON_IsTrue(node);
        else
            reader_expect(reader, place, "manifest.type", "true or false", node);
        break;
    case FIELD_NUMBER:
        read_number(reader, place, node, field, slot);
        break;
    case FIELD_OBJECT: {
        void *object = arena_alloc(reader->arena, field->shape->size);
        if (object && reader_object(reader, place, node, field->shape, object) == 0)
            *(void **)slot = object;
        break;
    }
    case FIELD_OBJECTS:
        read_objects(reader, place, node, field, slot);
        break;
    case FIELD_CUSTOM:
        field->read(reader, place, node, slot);
        break;
    case FIELD_IGNORED:
        break;
    }
}

static void report_unknown(struct reader *reader, const struct place *place,
                           const struct shape *shape)
{
    const char *words[WORDS_MAX];
    size_t count = 0;
    for (unsigned i = 0; i < shape->count && count < WORDS_MAX; i++)
        words[count++] = shape->fields[i].key;
    const char *meant = pattern_nearest(place->key, words, count);
    struct metacall_diagnostic what = {
        .id = "manifest.key.unknown",
        .symbol = place->key,
        .found = arena_format(reader->arena, "\"%s\"", place->key),
        .message = arena_format(reader->arena, "the key \"%s\" is not known and has no effect",
                                place->key),
        .fix = meant ? arena_format(reader->arena, "did you mean \"%s\"?", meant)
                     : "begin keys of your own with \"x-\""};
    reader_report(reader, place, SPOT_KEY, &what);
}

static void report_duplicate(struct reader *reader, const struct place *place)
{
    reader_report(reader, place, SPOT_KEY,
                  &(struct metacall_diagnostic){
                      .id = "json.duplicate_key",
                      .symbol = place->key,
                      .expected = "each key once",
                      .found = arena_format(reader->arena, "\"%s\" again", place->key),
                      .message = arena_format(reader->arena,
                                              "the key \"%s\" stands twice in "
                                              "this object",
                                              place->key)});
}

/* A key that no field has: silent when it begins with "x-", else a warning; twice is an error. */
static void read_unknown(struct reader *reader, const struct place *place, const cJSON *object,
                         const cJSON *node, const struct shape *shape)
{
    for (const cJSON *before = object->child; before != node; before = before->next) {
        if (strcmp(before->string, node->string) == 0) {
            report_duplicate(reader, place);
            return;
        }
    }
    if (node->string[0] != 'x' || node->string[1] != '-')
        report_unknown(reader, place, shape);
}

/* strcmp for equality, in place: keys are short and a call costs more than the comparison. */
static inline int is_key(const char *key, const char *text)
{
    while (*key && *key == *text) {
        key++;
        text++;
    }
    return *key == *text;
}

/* The index of a key, shape->count when there is none. Keys mostly come in the order of the table,
 * so the search begins behind the one that was found last. */
static unsigned find_field(const struct shape *shape, const char *key, unsigned next)
{
    for (unsigned tried = 0; tried < shape->count; tried++, next++) {
        next = next < shape->count ? next : 0;
        if (is_key(shape->fields[next].key, key))
            return next;
    }
    return shape->count;
}

int reader_object(struct reader *reader, const struct place *place, const cJSON *node,
                  const struct shape *shape, void *out)
{
    unsigned seen = 0, next = 0;
    struct place inner = {.up = place};
    if (!cJSON_IsObject(node)) {
        reader_expect(reader, place, "manifest.type", "an object", node);
        return -1;
    }
    if (shape->choose && !(shape = shape->choose(reader, place, node)))
        return -1;
    for (const cJSON *child = node->child; child; child = child->next, inner.ordinal++) {
        unsigned i;
        inner.key = child->string;
        if (inner.ordinal == MEMBERS_MAX) {
            reader_expect(reader, place, "json.members", "at most 1024 members", node);
            break;
        }
        i = find_field(shape, child->string, next);
        next = i + 1;
        if (i == shape->count)
            read_unknown(reader, &inner, node, child, shape);
        else if (seen & 1u << i)
            report_duplicate(reader, &inner);
        else
            read_field(reader, &inner, child, &shape->fields[i], out);
        if (i < shape->count)
            seen |= 1u << i;
    }
    for (unsigned i = 0; i < shape->count; i++) {
        if ((shape->fields[i].flags & FIELD_REQUIRED) && !(seen & 1u << i))
            reader_missing(reader, place, shape->fields[i].key, NULL);
    }
    if (shape->finish)
        shape->finish(reader, place, node, out);
    return 0;
}

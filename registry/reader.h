/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* From a JSON tree to structures, led by tables of fields, every fault placed. A fault never ends
 * the reading: all faults of a file are found in one run. */
#ifndef REGISTRY_READER_H
#define REGISTRY_READER_H

#include "registry/findings.h"
#include <cjson/cJSON.h>

/* Where in the tree the reader stands, innermost first, on the C stack. */
struct place {
    const struct place *up;
    const char *key;  /* NULL = an item of an array */
    unsigned ordinal; /* among its siblings */
};

struct reader {
    const char *path;
    const char *text; /* for places; the whole file */
    size_t size;
    const char *tag; /* once it is known */
    int texts_stay;  /* the tree's strings lie in the arena already */
    struct arena *arena;
    struct findings *findings;
};

enum field_kind {
    FIELD_TEXT,    /* const char * */
    FIELD_TEXTS,   /* const char *const *, ends with NULL */
    FIELD_FLAG,    /* int */
    FIELD_NUMBER,  /* int, least..most */
    FIELD_OBJECT,  /* a pointer to the shape's structure */
    FIELD_OBJECTS, /* struct object_list */
    FIELD_CUSTOM,  /* read() writes at the offset */
    FIELD_IGNORED  /* any value */
};

struct object_list {
    void *items;
    size_t count;
};

/* What a text must be: one of `words`, or what `valid` accepts. */
struct text_rule {
    const char *id;       /* of the finding */
    const char *expected; /* in words */
    int (*valid)(const char *text);
    const char *const *words; /* ends with NULL */
};

enum field_flags {
    FIELD_REQUIRED = 1,
    FIELD_FILLED = 2 /* a list must have an item */
};

struct shape;
typedef void (*field_read)(struct reader *reader, const struct place *place, const cJSON *node,
                           void *out);

struct field {
    const char *key;
    enum field_kind kind;
    unsigned flags;
    size_t offset;
    const struct text_rule *rule; /* FIELD_TEXT, FIELD_TEXTS */
    const struct shape *shape;    /* FIELD_OBJECT, FIELD_OBJECTS */
    field_read read;              /* FIELD_CUSTOM */
    int least, most;              /* FIELD_NUMBER */
};

struct shape {
    const struct field *fields;
    unsigned count; /* at most 32 */
    size_t size;    /* of the structure */
    /* A shape that depends on the object's content; it may report and return NULL. */
    const struct shape *(*choose)(struct reader *reader, const struct place *place,
                                  const cJSON *node);
    /* Rules between fields, after all were read. */
    void (*finish)(struct reader *reader, const struct place *place, const cJSON *node, void *out);
};

/* Reports a fault at a place. `key` points at the member's key instead of its value. */
enum reader_spot { SPOT_VALUE, SPOT_KEY };
void reader_report(struct reader *reader, const struct place *place, enum reader_spot spot,
                   const struct metacall_diagnostic *what);
/* The common one: id, what was expected, what was found there. */
void reader_expect(struct reader *reader, const struct place *place, const char *id,
                   const char *expected, const cJSON *found);
/* A member that is not there, reported at the object. */
void reader_missing(struct reader *reader, const struct place *place, const char *key,
                    const char *why);

/* The place of a member that the object has. */
struct place reader_member(const struct place *up, const cJSON *object, const char *key);

/* Reads the object `node` into `out`; 0, or -1 when it is no object. */
int reader_object(struct reader *reader, const struct place *place, const cJSON *node,
                  const struct shape *shape, void *out);
/* Reads one text under a rule; NULL (reported) when it is none. */
const char *reader_text(struct reader *reader, const struct place *place, const cJSON *node,
                        const struct text_rule *rule);
const char *const *reader_texts(struct reader *reader, const struct place *place, const cJSON *node,
                                const struct text_rule *rule, unsigned flags);
/* A string of the tree, as long as the arena lives. */
const char *reader_keep(struct reader *reader, const char *text);
/* The JSON pointer of a place, into the reader's arena. */
const char *reader_pointer(struct reader *reader, const struct place *place);
/* "a string", "a number", ... with short values shown: `the number 3`. */
const char *reader_found(struct arena *arena, const cJSON *node);

#endif /* REGISTRY_READER_H */

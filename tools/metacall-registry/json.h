/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A writer of JSON: text goes out as it is made, indented by two blanks, members in the order of
 * the calls. What comes out is valid UTF-8 whatever bytes a path is made of. */
#ifndef METACALL_REGISTRY_JSON_H
#define METACALL_REGISTRY_JSON_H

#include <stdio.h>

struct json {
    FILE *stream;
    unsigned depth;
    int fresh; /* nothing was written at this depth yet */
};

void json_init(struct json *json, FILE *stream);

/* `key` is NULL inside an array and for the outermost object. */
void json_object(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array(struct json *json, const char *key);
void json_array_end(struct json *json);
void json_string(struct json *json, const char *key, const char *value); /* NULL = null */
void json_number(struct json *json, const char *key, long long value);
void json_bool(struct json *json, const char *key, int value);
void json_null(struct json *json, const char *key);
/* Text that is JSON already. */
void json_raw(struct json *json, const char *key, const char *value);
/* A NULL-terminated list; NULL = an empty array. */
void json_strings(struct json *json, const char *key, const char *const *values);

#endif /* METACALL_REGISTRY_JSON_H */

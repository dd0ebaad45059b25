/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The short way from a usual text to its tree, in one pass: JSON by the letter, without escapes,
 * bytes past ASCII, fractions and deep nesting. What else there is goes through json_text_check and
 * cJSON; the trees are alike, and are read with the same functions of cJSON. */
#ifndef REGISTRY_JSON_TREE_H
#define REGISTRY_JSON_TREE_H

#include "registry/arena.h"
#include <cjson/cJSON.h>

#define JSON_TREE_NODES 112

/* The nodes: these first, then as many more as are needed. Begin with {.extra = {NULL}}; never
 * give a node of it to cJSON_Delete. */
struct json_tree {
    size_t count;
    struct arena extra;
    cJSON nodes[JSON_TREE_NODES];
};

/* `text[size]` is NUL. The text is changed, and holds the strings of the tree. Returns the root,
 * NULL = take the long way. */
cJSON *json_tree_read(struct json_tree *tree, char *text, size_t size);
void json_tree_finish(struct json_tree *tree);

#endif /* REGISTRY_JSON_TREE_H */

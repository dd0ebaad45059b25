/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Descent with a limit. The NUL behind the text is nothing that JSON knows, so it ends every loop.
 */
#include "registry/json_tree.h"

#include "registry/json_text.h"
#include <stdint.h>
#include <string.h>

#define DIGITS_MAX 9 /* of an integer; more may not fit */

struct reading {
    struct json_tree *tree;
    char *at;
    const char *end;
    unsigned depth;
};

static cJSON *new_node(struct json_tree *tree)
{
    if (tree->count == JSON_TREE_NODES)
        return arena_alloc(&tree->extra, sizeof(cJSON));
    cJSON *node = &tree->nodes[tree->count++];
    memset(node, 0, sizeof *node);
    return node;
}

static inline char *skip_blank(char *at)
{
    while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')
        at++;
    return at;
}

/* Whether eight bytes are all plain (json_text_plain): one word at a time. */
static inline int eight_plain(const char *at)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x80 * ones;
    uint64_t word, quote, slash;
    memcpy(&word, at, sizeof word);
    quote = word ^ 0x22 * ones;
    slash = word ^ 0x5c * ones;
    return !((word | ((word - 0x20 * ones) & ~word) | ((quote - ones) & ~quote) |
              ((slash - ones) & ~slash)) &
             tops);
}

/* From behind the opening quote; the closing one becomes the NUL. */
static char *read_string(struct reading *reading)
{
    char *begin = reading->at, *at = begin;
    while (reading->end - at >= 8 && eight_plain(at))
        at += 8;
    while (json_text_plain[(unsigned char)*at])
        at++;
    if (*at != '"')
        return NULL;
    *at = '\0';
    reading->at = at + 1;
    return begin;
}

static int read_number(struct reading *reading, cJSON *node)
{
    char *at = reading->at + (*reading->at == '-'), *begin = at;
    int number = 0;
    while ((unsigned char)(*at - '0') < 10 && at - begin < DIGITS_MAX)
        number = 10 * number + (*at++ - '0');
    if (at == begin || (*begin == '0' && (at - begin > 1 || *reading->at == '-')) ||
        (unsigned char)(*at - '0') < 10 || *at == '.' || (*at | 0x20) == 'e')
        return -1;
    node->type = cJSON_Number;
    node->valueint = *reading->at == '-' ? -number : number;
    node->valuedouble = node->valueint;
    reading->at = at;
    return 0;
}

static int read_word(struct reading *reading, const char *word, int type, cJSON *node)
{
    size_t size = strlen(word);
    if (strncmp(reading->at, word, size) != 0)
        return -1;
    node->type = type;
    node->valueint = type == cJSON_True;
    reading->at += size;
    return 0;
}

static int read_value(struct reading *reading, cJSON *node);

static char *read_key(struct reading *reading)
{
    if (*reading->at++ != '"')
        return NULL;
    char *key = read_string(reading);
    reading->at = skip_blank(reading->at);
    if (!key || *reading->at != ':')
        return NULL;
    reading->at = skip_blank(reading->at + 1);
    return key;
}

static int read_group(struct reading *reading, cJSON *group, char close)
{
    cJSON *last = NULL;
    group->type = close == '}' ? cJSON_Object : cJSON_Array;
    if (++reading->depth > JSON_TEXT_DEPTH)
        return -1;
    reading->at = skip_blank(reading->at + 1);
    if (*reading->at == close) {
        reading->at++;
        reading->depth--;
        return 0;
    }
    for (;;) {
        cJSON *node = new_node(reading->tree);
        if (!node || (close == '}' && !(node->string = read_key(reading))) ||
            read_value(reading, node) < 0)
            return -1;
        *(last ? &last->next : &group->child) = node;
        node->prev = last;
        last = node;
        reading->at = skip_blank(reading->at);
        if (*reading->at == close)
            break;
        if (*reading->at != ',')
            return -1;
        reading->at = skip_blank(reading->at + 1);
    }
    group->child->prev = last;
    reading->at++;
    reading->depth--;
    return 0;
}

static int read_value(struct reading *reading, cJSON *node)
{
    switch (*reading->at) {
    case '"':
        reading->at++;
        node->type = cJSON_String;
        return (node->valuestring = read_string(reading)) ? 0 : -1;
    case '{':
        return read_group(reading, node, '}');
    case '[':
        return read_group(reading, node, ']');
    case 't':
        return read_word(reading, "true", cJSON_True, node);
    case 'f':
        return read_word(reading, "false", cJSON_False, node);
    case 'n':
        return read_word(reading, "null", cJSON_NULL, node);
    default:
        return read_number(reading, node);
    }
}

cJSON *json_tree_read(struct json_tree *tree, char *text, size_t size)
{
    struct reading reading = {.tree = tree, .at = skip_blank(text), .end = text + size};
    cJSON *root = new_node(tree);
    if (!root || read_value(&reading, root) < 0 || skip_blank(reading.at) != reading.end)
        return NULL;
    return root;
}

void json_tree_finish(struct json_tree *tree)
{
    arena_finish(&tree->extra);
    tree->count = 0;
}

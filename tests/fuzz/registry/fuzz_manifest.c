/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A manifest's text of any bytes: validated, every finding placed inside the text; and the short
 * way of reading never accepts what the scanner does not. */
#include "registry/json_text.h"
#include "registry/json_tree.h"
#include "registry/manifest.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count_fault(void *data, const char *id, size_t offset, const char *expected)
{
    size_t *size = data;
    if (!metacall_registry_finding_kind(id) || offset > *size || !expected)
        abort();
}

static int same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void compare(const cJSON *a, const cJSON *b)
{
    for (; a && b; a = a->next, b = b->next) {
        if ((a->type & 0xff) != (b->type & 0xff) || !same_text(a->string, b->string) ||
            !same_text(a->valuestring, b->valuestring) || a->valuedouble != b->valuedouble)
            abort();
        compare(a->child, b->child);
    }
    if (a || b)
        abort();
}

/* The short way accepts nothing that is not JSON by the letter, and makes cJSON's tree of it. */
static void check_short_way(const char *text, size_t size)
{
    struct json_tree tree = {.extra = {NULL}};
    char *copy = malloc(size + 1);
    memcpy(copy, text, size);
    copy[size] = '\0';
    const cJSON *root = json_tree_read(&tree, copy, size);
    if (root) {
        cJSON *other = cJSON_ParseWithLength(text, size);
        if (!other || json_text_check(text, size, NULL, NULL) != 0)
            abort();
        compare(root, other);
        cJSON_Delete(other);
    }
    json_tree_finish(&tree);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct metacall_registry_findings *findings;
    /* A copy without anything after it, so that a read past the end is seen. */
    char *text = malloc(size ? size : 1);
    memcpy(text, data, size);
    json_text_check(text, size, count_fault, &size);
    check_short_way(text, size);
    if (metacall_registry_validate("/fuzz/toy.loader.json", text, size, &findings) == 0) {
        for (size_t i = 0; i < findings->count; i++) {
            const struct metacall_diagnostic *item = &findings->items[i];
            if (!metacall_registry_finding_kind(item->id) || !item->message || item->line == 0)
                abort();
        }
        metacall_registry_findings_free(findings);
    }
    free(text);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A manifest's text of any bytes: validated, every finding placed inside the text; and the short
 * way of reading never accepts what the scanner does not. */
#include "registry/json_text.h"
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

static void check_short_way(const char *text, size_t size)
{
    const char *end = NULL;
    if (!json_text_plain(text, size))
        return;
    cJSON *root = cJSON_ParseWithLengthOpts(text, size, &end, 0);
    while (root && end < text + size && strchr(" \t\r\n", *end))
        end++;
    if (root && end == text + size && json_text_check(text, size, NULL, NULL) != 0)
        abort();
    cJSON_Delete(root);
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

/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* "PATTERN\nNAME" of any bytes: what matches is the pattern with its %v filled in, and the rules of
 * texts end on any text. */
#include "registry/pattern.h"
#include "registry/rules.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), version[PATTERN_VERSION_SIZE] = "";
    memcpy(text, data, size);
    text[size] = '\0';
    char *name = strchr(text, '\n');
    name = name ? (*name = '\0', name + 1) : text;
    if (pattern_valid(text) && pattern_match(text, name, version)) {
        char *filled = malloc(strlen(text) + sizeof version);
        const char *place = strstr(text, "%v");
        int before = place ? (int)(place - text) : (int)strlen(text);
        sprintf(filled, "%.*s%s%s", before, text, version, place ? place + 2 : "");
        if (strcmp(filled, name) != 0)
            abort();
        free(filled);
    }
    pattern_find(text, name, strlen(name), version);
    pattern_distance(text, name);
    const struct text_rule *const rules[] = {&rule_tag,      &rule_alias,   &rule_extension,
                                             &rule_path,     &rule_program, &rule_path_below,
                                             &rule_template, &rule_sha256,  &rule_path_absolute,
                                             &rule_version,  &rule_symbol,  &rule_version_text,
                                             &rule_pointer,  &rule_text,    &rule_identifier};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        rules[i]->valid(text);
    free(text);
    return 0;
}

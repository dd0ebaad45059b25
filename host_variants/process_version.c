/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The version of a runtime, from its file alone: constants that its symbols name, its SONAME, a
 * text in its read-only data, the executable's name. What only a call could tell stays unknown. */
#include "host_variants/process_view.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int version_hex(const struct elf_image *image, const struct elf_symbol *symbol,
                       char *ret_version, size_t version_size)
{
    const void *at = elf_image_at(image, symbol->value, sizeof(uint32_t));
    uint32_t hex = 0;

    if (!at || symbol->size < sizeof(hex))
        return -1;
    memcpy(&hex, at, sizeof(hex));
    if (hex == 0)
        return -1;
    snprintf(ret_version, version_size, "%u.%u.%u", hex >> 24, hex >> 16 & 255, hex >> 8 & 255);
    return 0;
}

/* The leading dotted number of a text that the file holds at an address. */
static int version_at(const struct elf_image *image, uint64_t address, size_t limit,
                      char *ret_version, size_t version_size)
{
    char text[64] = "";
    size_t size = 0, from = 0, to;

    for (; size < sizeof(text) - 1 && size < limit; size++) {
        const char *at = elf_image_at(image, address + size, 1);
        if (!at || *at == 0)
            break;
        text[size] = *at;
    }
    text[size] = 0;
    while (from < 32 && text[from] && !isdigit((unsigned char)text[from]))
        from++;
    for (to = from; isdigit((unsigned char)text[to]) || text[to] == '.'; to++)
        ;
    while (to > from && text[to - 1] == '.')
        to--;
    if (to == from)
        return -1;
    snprintf(ret_version, version_size, "%.*s", (int)(to - from), text + from);
    return 0;
}

/* Where the pointer at `address` will lead, as the relocations say. */
static uint64_t pointed_at(const struct elf_image *image, uint64_t address)
{
    struct elf_relocation_cursor cursor = {0};
    struct elf_relocation relocation;
    uint64_t held = 0;
    const void *at;

    while (elf_image_next_relocation(image, &cursor, &relocation)) {
        if (relocation.where == address && relocation.kind == ELF_RELOCATION_RELATIVE)
            return (uint64_t)relocation.addend;
    }
    at = elf_image_at(image, address, sizeof(uintptr_t)); /* packed ones, and fixed addresses */
    if (at)
        memcpy(&held, at, sizeof(uintptr_t));
    return held;
}

static int version_string(const struct elf_image *image, const struct elf_symbol *symbol,
                          char *ret_version, size_t version_size)
{
    if (symbol->size == sizeof(uintptr_t)) {
        uint64_t text = pointed_at(image, symbol->value);
        if (text && version_at(image, text, 64, ret_version, version_size) == 0)
            return 0;
    }
    return version_at(image, symbol->value, symbol->size ? (size_t)symbol->size : 64, ret_version,
                      version_size);
}

/* The first pattern with a version that `text` matches. */
static int version_pattern(const char *const *patterns, const char *text, char *ret_version,
                           size_t version_size)
{
    char version[32] = "";

    for (; text && patterns && *patterns; patterns++) {
        if (host_pattern_matches(*patterns, text, version, sizeof(version)) && version[0]) {
            snprintf(ret_version, version_size, "%s", version);
            return 0;
        }
    }
    return -1;
}

/* What the rule's own sources say; CALL is for the process itself. */
static const char *version_source(const struct host_rule *host, const struct elf_image *image,
                                  char *ret_version, size_t version_size)
{
    const struct host_version_source *source = host->versions;
    struct elf_symbol symbol;

    for (; source && source->kind != HOST_VERSION_NONE; source++) {
        const char *name = source->symbol;
        int result = -1;
        if (source->kind == HOST_VERSION_TEXT) {
            name = "text";
            result = host_version_text(image, source->symbol, ret_version, version_size);
        } else if (source->kind == HOST_VERSION_NUMBERS) {
            name = source->symbols[0];
            result = host_version_numbers(image, source->symbols, ret_version, version_size);
        } else if (source->kind == HOST_VERSION_SONAME) {
            name = "soname";
            result = version_pattern(host->sonames, image->soname, ret_version, version_size);
        } else if (source->kind == HOST_VERSION_CALL ||
                   elf_image_find(image, source->symbol, NULL, &symbol) != 0) {
            continue;
        } else if (source->kind == HOST_VERSION_HEX) {
            result = version_hex(image, &symbol, ret_version, version_size);
        } else {
            result = version_string(image, &symbol, ret_version, version_size);
        }
        if (result == 0)
            return name;
    }
    return NULL;
}

const char *process_version_of(const struct process_rule *rule, const struct process_module *owner,
                               char *ret_version, size_t version_size)
{
    const char *from = version_source(rule->host, &owner->image, ret_version, version_size);
    const char *const *texts = rule->texts;

    for (; !from && texts && *texts; texts++) {
        if (host_version_text(&owner->image, *texts, ret_version, version_size) == 0)
            from = "text";
    }
    if (!from && owner->is_executable) {
        const char *name = strrchr(owner->path, '/');
        if (version_pattern(rule->host->executables, name ? name + 1 : owner->path, ret_version,
                            version_size) == 0)
            from = "executable name";
    }
    return from;
}

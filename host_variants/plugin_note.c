/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "host_variants/plugin_note.h"

#include <string.h>

static const char *take_text(struct elf_table *rest)
{
    const char *text = (const char *)rest->at;
    const uint8_t *end = memchr(rest->at, 0, rest->size);

    if (!end)
        return NULL;
    rest->size -= (size_t)(end + 1 - rest->at);
    rest->at = end + 1;
    return text;
}

int plugin_note_read(const struct elf_image *image, struct plugin_note *ret_note)
{
    struct elf_table rest;
    struct plugin_note note;
    uint32_t magic;
    uint16_t number[2];

    if (elf_image_note(image, PLUGIN_NOTE_OWNER, PLUGIN_NOTE_TYPE, &rest) != 0)
        return 1;
    if (rest.size < sizeof(magic) + sizeof(number))
        return -1;
    memcpy(&magic, rest.at, sizeof(magic));
    memcpy(number, rest.at + sizeof(magic), sizeof(number));
    if (magic != PLUGIN_NOTE_MAGIC)
        return -1;
    rest.at += sizeof(magic) + sizeof(number);
    rest.size -= sizeof(magic) + sizeof(number);
    note.interface_major = number[0];
    note.interface_minor = number[1];
    note.tag = take_text(&rest);
    note.strategy = note.tag ? take_text(&rest) : NULL;
    note.runtime_version = note.strategy ? take_text(&rest) : NULL;
    if (!note.runtime_version)
        return -1;
    *ret_note = note;
    return 0;
}

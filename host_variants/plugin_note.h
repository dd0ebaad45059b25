/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The ABI note of a plugin: section .note.metacall in a PT_NOTE segment, owner "MetaCall", type 1.
 * Contents, in the machine's byte order: uint32 magic 0x3152434d ("MCR1"), uint16 major and uint16
 * minor of METACALL_LOADER_INTERFACE, then three NUL-terminated texts: the tag, the strategy, the
 * version of the runtime that it was built against ("" = none). metacall_add_loader writes it. */
#ifndef HOST_VARIANTS_PLUGIN_NOTE_H
#define HOST_VARIANTS_PLUGIN_NOTE_H

#include "host_variants/elf_image.h"

#define PLUGIN_NOTE_OWNER "MetaCall"
#define PLUGIN_NOTE_TYPE 1
#define PLUGIN_NOTE_MAGIC 0x3152434du

/* Texts belong to the image. */
struct plugin_note {
    unsigned interface_major, interface_minor;
    const char *tag;
    const char *strategy;
    const char *runtime_version;
};

/* Returns 0; 1 when the object has no such note; -1 when the note is malformed (no error set). */
int plugin_note_read(const struct elf_image *image, struct plugin_note *ret_note);

#endif /* HOST_VARIANTS_PLUGIN_NOTE_H */

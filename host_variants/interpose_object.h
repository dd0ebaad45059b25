/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* A loaded object with its imports, one in the process however often it is opened. */
#ifndef HOST_VARIANTS_INTERPOSE_OBJECT_H
#define HOST_VARIANTS_INTERPOSE_OBJECT_H

#include "host_variants/rebind.h"
#include <metacall/interpose.h>

/* One word of an import. */
struct import_word {
    uintptr_t where;
    int64_t addend;
    uint32_t symbol;
    enum elf_relocation_kind kind;
    size_t plt_index; /* SIZE_MAX = not of DT_JMPREL */
};

struct import {
    uint32_t symbol;
    size_t first, count;           /* its words */
    metacall_interpose_hook *head; /* the newest; NULL = none */
    uintptr_t original;            /* behind the oldest */
    struct rebind_slot *slots;     /* one a word, while hooked: `before` is what was found */
};

struct metacall_interpose {
    metacall_interpose *next; /* in the table */
    size_t uses;
    struct modules *modules;
    const struct module *module;
    const struct elf_image *image;
    void *pin;
    struct import_word *words;
    size_t word_count;
    struct import *imports;
    size_t import_count;
};

struct metacall_interpose_hook {
    metacall_interpose *object;
    struct import *import;
    metacall_interpose_hook *older; /* behind this one */
    uintptr_t replacement;
    void **next;
};

/* With the lock of rebind.h held: one use more, one less. interpose_object_leave gives back the
 * object where it was the last, for interpose_object_destroy without the lock; else NULL. */
void interpose_object_use(metacall_interpose *object);
metacall_interpose *interpose_object_leave(metacall_interpose *object);
void interpose_object_destroy(metacall_interpose *object); /* NULL is accepted */

/* What a word holds now, and whether it is still the linker's stub. */
uintptr_t interpose_word_now(const metacall_interpose *object, const struct import_word *word,
                             int *ret_lazy);
/* Whether a word of this kind can be led elsewhere. */
int interpose_word_is_address(const struct import_word *word);

#endif /* HOST_VARIANTS_INTERPOSE_OBJECT_H */

/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The relocations of an ELF object, with the machine's numbers turned into what they do. */
#include "host_variants/elf_image.h"

#include <string.h>

#if __SIZEOF_POINTER__ == 8
#define INFO_SYMBOL(info) ELF64_R_SYM(info)
#define INFO_TYPE(info) ELF64_R_TYPE(info)
#else
#define INFO_SYMBOL(info) ELF32_R_SYM(info)
#define INFO_TYPE(info) ELF32_R_TYPE(info)
#endif

struct kind_of_type {
    uint32_t type;
    enum elf_relocation_kind kind;
};

static const struct kind_of_type kinds[] = {
#if defined(__x86_64__)
    {R_X86_64_NONE, ELF_RELOCATION_NONE},
    {R_X86_64_JUMP_SLOT, ELF_RELOCATION_JUMP_SLOT},
    {R_X86_64_GLOB_DAT, ELF_RELOCATION_GLOB_DAT},
    {R_X86_64_64, ELF_RELOCATION_ABSOLUTE},
    {R_X86_64_COPY, ELF_RELOCATION_COPY},
    {R_X86_64_RELATIVE, ELF_RELOCATION_RELATIVE},
    {R_X86_64_RELATIVE64, ELF_RELOCATION_RELATIVE},
    {R_X86_64_IRELATIVE, ELF_RELOCATION_IRELATIVE},
    {R_X86_64_DTPMOD64, ELF_RELOCATION_TLS_MODULE},
    {R_X86_64_DTPOFF64, ELF_RELOCATION_TLS_OFFSET},
    {R_X86_64_TPOFF64, ELF_RELOCATION_TLS_STATIC},
    {R_X86_64_TLSDESC, ELF_RELOCATION_TLS_DESCRIPTOR},
#elif defined(__aarch64__)
    {R_AARCH64_NONE, ELF_RELOCATION_NONE},
    {R_AARCH64_JUMP_SLOT, ELF_RELOCATION_JUMP_SLOT},
    {R_AARCH64_GLOB_DAT, ELF_RELOCATION_GLOB_DAT},
    {R_AARCH64_ABS64, ELF_RELOCATION_ABSOLUTE},
    {R_AARCH64_COPY, ELF_RELOCATION_COPY},
    {R_AARCH64_RELATIVE, ELF_RELOCATION_RELATIVE},
    {R_AARCH64_IRELATIVE, ELF_RELOCATION_IRELATIVE},
    {R_AARCH64_TLS_DTPMOD, ELF_RELOCATION_TLS_MODULE},
    {R_AARCH64_TLS_DTPREL, ELF_RELOCATION_TLS_OFFSET},
    {R_AARCH64_TLS_TPREL, ELF_RELOCATION_TLS_STATIC},
    {R_AARCH64_TLSDESC, ELF_RELOCATION_TLS_DESCRIPTOR},
#endif
    {0, ELF_RELOCATION_NONE},
};

static enum elf_relocation_kind kind_of(uint32_t type)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].type == type)
            return kinds[i].kind;
    }
    return ELF_RELOCATION_OTHER;
}

/* What an entry without an addend of its own means to add: the word in the file. */
static int64_t held_addend(const struct elf_image *image, uint64_t where)
{
    const void *held = image->is_file ? elf_image_at(image, where, sizeof(ElfW(Sword))) : NULL;
    ElfW(Sword) word = 0;

    if (held)
        memcpy(&word, held, sizeof(word));
    return word;
}

static inline int next(const struct elf_image *image, struct elf_relocation_cursor *cursor,
                       int only_symbolic, struct elf_relocation *ret_relocation)
{
    ElfW(Rela) entry;

    for (; cursor->table < 3; cursor->table++, cursor->at = 0) {
        const struct elf_table *table = cursor->table == 0   ? &image->rel
                                        : cursor->table == 1 ? &image->rela
                                                             : &image->plt;
        int has_addend = cursor->table == 1 || (cursor->table == 2 && image->plt_has_addends);
        size_t size = has_addend ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
        while (cursor->at < table->size && table->size - cursor->at >= size) {
            if (has_addend) /* sizes that the compiler knows: no call */
                memcpy(&entry, table->at + cursor->at, sizeof(ElfW(Rela)));
            else
                memcpy(&entry, table->at + cursor->at, sizeof(ElfW(Rel)));
            cursor->at += size;
            if (only_symbolic && INFO_SYMBOL(entry.r_info) == 0)
                continue;
            ret_relocation->type = INFO_TYPE(entry.r_info);
            ret_relocation->kind = kind_of(ret_relocation->type);
            ret_relocation->symbol = INFO_SYMBOL(entry.r_info);
            ret_relocation->where = entry.r_offset;
            ret_relocation->addend =
                has_addend ? entry.r_addend : held_addend(image, entry.r_offset);
            return 1;
        }
    }
    return 0;
}

int elf_image_next_relocation(const struct elf_image *image, struct elf_relocation_cursor *cursor,
                              struct elf_relocation *ret_relocation)
{
    return next(image, cursor, 0, ret_relocation);
}

int elf_image_next_symbolic(const struct elf_image *image, struct elf_relocation_cursor *cursor,
                            struct elf_relocation *ret_relocation)
{
    return next(image, cursor, 1, ret_relocation);
}

const char *elf_relocation_name(enum elf_relocation_kind kind)
{
    static const char *const names[] = {"none",       "jump-slot",  "glob-dat",       "absolute",
                                        "copy",       "relative",   "irelative",      "tls-module",
                                        "tls-offset", "tls-static", "tls-descriptor", "other"};

    return (unsigned)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "other";
}

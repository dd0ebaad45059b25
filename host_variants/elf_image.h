/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* One ELF object, as a file or as it is mapped in this process. An own reader over the program
 * headers and PT_DYNAMIC: section headers are neither needed nor looked at, every offset is checked
 * against the segment that holds it, and no sequence of bytes makes it crash or loop. Reading sets
 * up views only (no allocation); whatever costs more is asked for by a function. */
#ifndef HOST_VARIANTS_ELF_IMAGE_H
#define HOST_VARIANTS_ELF_IMAGE_H

#include <link.h>
#include <stddef.h>
#include <stdint.h>

struct module;

enum elf_image_flags {
    ELF_IMAGE_STACK_HEADER =
        1u << 0,                    /* has PT_GNU_STACK; without it the stack becomes executable */
    ELF_IMAGE_STACK_EXEC = 1u << 1, /* PT_GNU_STACK asks for an executable stack */
    ELF_IMAGE_RELRO = 1u << 2,      /* has PT_GNU_RELRO */
    ELF_IMAGE_BIND_NOW = 1u << 3,   /* DT_BIND_NOW, DF_BIND_NOW or DF_1_NOW */
    ELF_IMAGE_TEXTREL = 1u << 4,    /* DT_TEXTREL or DF_TEXTREL */
    ELF_IMAGE_STATIC_TLS = 1u << 5, /* DF_STATIC_TLS: needs room in the static TLS block */
    ELF_IMAGE_NODELETE = 1u << 6,   /* DF_1_NODELETE: dlclose leaves it mapped */
    ELF_IMAGE_PIE = 1u << 7,        /* DF_1_PIE: a program, not a library */
    ELF_IMAGE_SYMBOLIC = 1u << 8,   /* DT_SYMBOLIC or DF_SYMBOLIC */
    ELF_IMAGE_DYNAMIC = 1u << 9,    /* has PT_DYNAMIC */
    ELF_IMAGE_INTERPRETER = 1u << 10, /* has PT_INTERP */
    ELF_IMAGE_WRITE_EXEC = 1u << 11   /* a PT_LOAD is writable and executable at once */
};

/* A table inside the object: where it begins and how many bytes may be read from there. */
struct elf_table {
    const uint8_t *at; /* NULL = absent */
    size_t size;
};

/* A PT_LOAD segment: its addresses, and its bytes here. */
struct elf_segment {
    uint64_t address, size;
    const uint8_t *at;
};

/* Bytes of a file, from an offset on. */
struct elf_part {
    uint64_t offset, size;
    const uint8_t *at;
};

/* The fields of the first part may be read by anyone. Strings belong to the image. */
struct elf_image {
    /* Of any ELF file, of any machine. */
    unsigned char elf_class; /* ELFCLASS64, ELFCLASS32 */
    unsigned char encoding;  /* ELFDATA2LSB, ELFDATA2MSB */
    unsigned char os_abi;    /* ELFOSABI_* */
    uint16_t type;           /* ET_DYN, ET_EXEC, ... */
    uint16_t machine;        /* EM_* */
    int native; /* 1 = class, byte order and machine are this process's; else all below is empty */
    unsigned flags;     /* enum elf_image_flags */
    const char *soname; /* DT_SONAME; NULL = none */
    const char *rpath;  /* DT_RPATH; NULL = none */
    const char *runpath;
    uint64_t tls_size; /* size of its TLS segment */
    size_t needed_count;

    /* Private. */
    int is_file;              /* 0 = a mapped object */
    int has_gaps;             /* a table lies in a part of the file that was not read */
    struct elf_part parts[2]; /* of the file: all of it, or what elf_image_open_tables has read */
    void *owned;              /* what the parts lie in; NULL = the caller's */
    size_t owned_size;        /* of a mapping; 0 = allocated */
    uintptr_t base;           /* load bias of a mapped object */
    const uint8_t *headers;
    size_t header_count;
    struct elf_segment segments[6]; /* the first of them; the rest is looked up in the headers */
    size_t segment_count;
    int has_more_segments;
    struct elf_table dynamic;
    struct elf_table strings; /* trimmed so that its last byte is NUL */
    struct elf_table symbols;
    struct elf_table gnu_hash, sysv_hash;
    struct elf_table versym, verneed, verdef;
    struct elf_table rel, rela, plt; /* DT_REL, DT_RELA, DT_JMPREL */
    int plt_has_addends;
    uint32_t gnu_buckets, gnu_first, gnu_bloom_words, gnu_bloom_shift;
    uint32_t sysv_buckets, sysv_chains;
};

/* Opens and maps a file: a regular file only, never blocking on a FIFO. `fd` >= 0 is read instead
 * of the path and stays the caller's; the path then only names it in errors. Returns 0, or -1 with
 * METACALL_ERROR_LOADER set: it names the file and what is wrong with it. */
int elf_image_open(const char *path, int fd, struct elf_image *ret_image);
/* The same, but of the file no more is read than its headers and what PT_DYNAMIC says of symbols,
 * versions and needed libraries, if that can be done: much cheaper than to map a file that the
 * linker is about to map again. All else (relocations, notes, data) may be absent. What is read
 * goes into `scratch` where it is large enough; that stays the caller's, as long as the image. */
int elf_image_open_tables(const char *path, int fd, void *scratch, size_t scratch_size,
                          struct elf_image *ret_image);
/* Turns an image of the first kind into one of the second, where that can be done: of the file
 * nothing stays mapped. A tool that follows mappings (Valgrind) would take a file that is mapped
 * twice at once for the wrong one. */
void elf_image_keep_tables(struct elf_image *image);
/* The same over bytes that the caller keeps. Returns NULL, or what is wrong (static text). */
const char *elf_image_read(const void *bytes, size_t size, struct elf_image *ret_image);
/* A mapped object, by its program headers and load bias. Returns as elf_image_read. */
const char *elf_image_view(const ElfW(Phdr) * headers, size_t count, uintptr_t base,
                           struct elf_image *ret_image);
/* ELFDATA2* and EM_* of this process. */
unsigned char elf_image_native_encoding(void);
uint16_t elf_image_native_machine(void);
/* The same over the first bytes of a file of `file_size` (its headers, at least) and one more part
 * of it. */
const char *elf_image_read_parts(const struct elf_part parts[2], uint64_t file_size,
                                 struct elf_image *ret_image);
void elf_image_close(struct elf_image *image); /* an image filled with zeros is accepted */

/* DT_NEEDED number `index`, or NULL past the end. */
const char *elf_image_needed(const struct elf_image *image, size_t index);
/* 1 when `soname` is among the DT_NEEDED. */
int elf_image_needs(const struct elf_image *image, const char *soname);
/* The interpreter of PT_INTERP, or NULL. */
const char *elf_image_interpreter(const struct elf_image *image);
/* The contents of the first note of that owner and type. Returns 0, or -1 when there is none. */
int elf_image_note(const struct elf_image *image, const char *owner, uint32_t type,
                   struct elf_table *ret_note);
/* The GNU build-id as lower-case hex. Returns 0, or -1 when there is none or no room. */
int elf_image_build_id(const struct elf_image *image, char *ret_text, size_t text_size);
/* `size` bytes at a virtual address of the object, or NULL. */
const void *elf_image_at(const struct elf_image *image, uint64_t address, size_t size);
/* Program header number `index`, aligned. Returns 0, or -1 past the end. */
int elf_image_header(const struct elf_image *image, size_t index, ElfW(Phdr) * ret_header);

/* ------------------------------------------------------------------ symbols (elf_symbols.c) */

struct elf_symbol {
    const char *name;
    const char *version;      /* NULL = unversioned */
    const char *version_file; /* of an undefined one: the SONAME that it is expected from */
    int hidden_version;       /* foo@V: only a reference to V finds it */
    int defined;
    unsigned char type;       /* STT_* */
    unsigned char binding;    /* STB_* */
    unsigned char visibility; /* STV_* */
    uint16_t section;         /* SHN_ABS, SHN_UNDEF, ... */
    uint64_t value, size;
};

/* The number of dynamic symbols, index 0 (the empty one) included. Costs a walk of the last hash
 * chain, and of the relocations where the hash table holds no symbol. */
size_t elf_image_symbol_count(const struct elf_image *image);
/* Returns 0, or -1 past the end or for an entry that points outside the object. */
int elf_image_symbol(const struct elf_image *image, size_t index, struct elf_symbol *ret_symbol);
/* What a reference to `name` at `version` (NULL = unversioned) finds in this object, by ld.so's
 * rules: global, weak or unique, of default or protected visibility. Returns 0, or -1. */
int elf_image_find(const struct elf_image *image, const char *name, const char *version,
                   struct elf_symbol *ret_symbol);
/* The same with the GNU hash of `name` at hand, for one name in many objects. */
int elf_image_find_hashed(const struct elf_image *image, const char *name, uint32_t gnu_hash,
                          const char *version, struct elf_symbol *ret_symbol);
uint32_t elf_image_gnu_hash(const char *name);

/* One of many names that are looked up in one object. */
struct elf_query {
    const char *name, *version; /* as for elf_image_find */
    uint32_t hash;              /* GNU hash of the name */
    uint32_t index;             /* the answer: the symbol that was found; 0 = none */
};
/* Looks them all up, and asks for the memory of each step of all before it goes through it: in
 * tables that are not in the cache most of a look-up is waiting. A few dozen at a time. */
void elf_image_find_many(const struct elf_image *image, struct elf_query *queries, size_t count);

/* The Bloom filter of an object's GNU hash by itself, to ask many objects for one name. An object
 * that has none lets everything pass; one without any hash table, nothing. */
struct elf_filter {
    const uint8_t *words; /* NULL = no filter */
    uint32_t mask;        /* number of words - 1 */
    uint8_t shift;
    uint8_t passes; /* what it says where there is no filter */
};

struct elf_filter elf_image_filter(const struct elf_image *image);

static inline int elf_filter_passes(const struct elf_filter *filter, uint32_t hash)
{
    const size_t bits = sizeof(ElfW(Addr)) * 8;
    ElfW(Addr) word;

    if (!filter->words)
        return filter->passes;
    __builtin_memcpy(&word, filter->words + ((hash / bits) & filter->mask) * sizeof(word),
                     sizeof(word));
    return (int)(word >> (hash % bits) & word >> (((uint64_t)hash >> filter->shift) % bits) & 1);
}

/* One version that the object needs of one of its libraries (DT_VERNEED). */
struct elf_need {
    const char *file;
    const char *version;
    int weak;
    uint16_t index; /* as in DT_VERSYM */
};

/* Walks the needs; start with a cursor of zeros. Returns 1 with *ret_need filled, 0 at the end. */
struct elf_need_cursor {
    size_t file, entry;
};
int elf_image_next_need(const struct elf_image *image, struct elf_need_cursor *cursor,
                        struct elf_need *ret_need);

/* ----------------------------------------------------------- relocations (elf_relocations.c) */

/* What a relocation does, for any machine. */
enum elf_relocation_kind {
    ELF_RELOCATION_NONE,
    ELF_RELOCATION_JUMP_SLOT, /* word = address of the symbol, for calls */
    ELF_RELOCATION_GLOB_DAT,  /* word = address of the symbol */
    ELF_RELOCATION_ABSOLUTE,  /* word = address of the symbol + addend */
    ELF_RELOCATION_COPY,      /* the symbol's bytes, copied into the executable */
    ELF_RELOCATION_RELATIVE,  /* no symbol */
    ELF_RELOCATION_IRELATIVE, /* no symbol; result of the object's own resolver */
    ELF_RELOCATION_TLS_MODULE,
    ELF_RELOCATION_TLS_OFFSET,
    ELF_RELOCATION_TLS_STATIC, /* offset from the thread pointer */
    ELF_RELOCATION_TLS_DESCRIPTOR,
    ELF_RELOCATION_OTHER
};

struct elf_relocation {
    enum elf_relocation_kind kind;
    uint32_t type;   /* the machine's own R_* number */
    uint32_t symbol; /* index; 0 = none */
    uint64_t where;  /* virtual address of the word */
    int64_t addend;  /* of a relocation without one of its own: what the object holds there */
};

/* Walks all relocations but the packed relative ones (DT_RELR), which have no symbol. Start with a
 * cursor of zeros. Returns 1 with *ret_relocation filled, 0 at the end. */
struct elf_relocation_cursor {
    size_t table, at;
};
int elf_image_next_relocation(const struct elf_image *image, struct elf_relocation_cursor *cursor,
                              struct elf_relocation *ret_relocation);
/* The same, without those that have no symbol. */
int elf_image_next_symbolic(const struct elf_image *image, struct elf_relocation_cursor *cursor,
                            struct elf_relocation *ret_relocation);
/* The kind as a word: "glob-dat". */
const char *elf_relocation_name(enum elf_relocation_kind kind);

#endif /* HOST_VARIANTS_ELF_IMAGE_H */

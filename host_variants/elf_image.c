/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Finding the tables of an ELF object. Every read goes through a copy of a few bytes:
 * nothing promises that a table of a hostile file is aligned. */
#include "host_variants/elf_image.h"

#include <string.h>

#if __SIZEOF_POINTER__ == 8
#define NATIVE_CLASS ELFCLASS64
#else
#define NATIVE_CLASS ELFCLASS32
#endif
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_ENCODING ELFDATA2LSB
#else
#define NATIVE_ENCODING ELFDATA2MSB
#endif
#if defined(__x86_64__)
#define NATIVE_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define NATIVE_MACHINE EM_AARCH64
#elif defined(__riscv)
#define NATIVE_MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define NATIVE_MACHINE EM_PPC64
#elif defined(__s390x__)
#define NATIVE_MACHINE EM_S390
#elif defined(__arm__)
#define NATIVE_MACHINE EM_ARM
#elif defined(__i386__)
#define NATIVE_MACHINE EM_386
#else
#error "name this machine's EM_ number"
#endif

unsigned char elf_image_native_encoding(void)
{
    return NATIVE_ENCODING;
}

uint16_t elf_image_native_machine(void)
{
    return NATIVE_MACHINE;
}

int elf_image_header(const struct elf_image *image, size_t index, ElfW(Phdr) * ret_header)
{
    if (index >= image->header_count)
        return -1;
    memcpy(ret_header, image->headers + index * sizeof(*ret_header), sizeof(*ret_header));
    return 0;
}

/* `size` bytes of the file, or NULL where they were not read. */
static const uint8_t *file_bytes(const struct elf_image *image, uint64_t offset, uint64_t size)
{
    for (size_t i = 0; i < 2; i++) {
        const struct elf_part *part = &image->parts[i];
        if (offset >= part->offset && offset - part->offset <= part->size &&
            size <= part->size - (offset - part->offset))
            return part->at + (offset - part->offset);
    }
    return NULL;
}

/* One segment's place, or what `part` of the file has of it. Of a file only what it holds; the rest
 * of the segment is zeros that exist in memory alone. */
static struct elf_segment segment_of(const struct elf_image *image, const ElfW(Phdr) * header,
                                     size_t part)
{
    struct elf_segment segment = {.address = header->p_vaddr};

    if (image->is_file) {
        uint64_t from = image->parts[part].offset, to = from + image->parts[part].size;
        uint64_t end = header->p_offset + header->p_filesz; /* proven inside by check_headers */
        uint64_t first = from > header->p_offset ? from : header->p_offset;
        if (first < to && first < end) {
            segment.address += first - header->p_offset;
            segment.size = (end < to ? end : to) - first;
            segment.at = image->parts[part].at + (first - from);
        }
    } else if (part == 0 && (header->p_flags & PF_R)) {
        segment.size = header->p_memsz;
        segment.at = (const uint8_t *)(image->base + header->p_vaddr);
    }
    return segment;
}

/* Is `next` the continuation of `segment`, both by address and where the bytes are? */
static int goes_on(const struct elf_segment *segment, const struct elf_segment *next)
{
    return segment->address + segment->size == next->address &&
           (uintptr_t)segment->at + segment->size == (uintptr_t)next->at;
}

/* Segments that touch become one: patchelf puts a page in front of a file, and what it had to make
 * longer, the table of strings, begins there and ends in the segment behind it. */
static void add_segment(struct elf_image *image, const ElfW(Phdr) * header)
{
    size_t room = sizeof(image->segments) / sizeof(image->segments[0]);

    for (size_t part = 0; part < 2; part++) {
        struct elf_segment segment = segment_of(image, header, part);
        struct elf_segment *last =
            image->segment_count ? &image->segments[image->segment_count - 1] : NULL;
        if (!segment.at)
            continue;
        if (last && !image->has_more_segments && goes_on(last, &segment))
            last->size += segment.size;
        else if (image->segment_count < room)
            image->segments[image->segment_count++] = segment;
        else
            image->has_more_segments = 1;
    }
}

static struct elf_table table_in(const struct elf_segment *segment, uint64_t address)
{
    uint64_t into = address - segment->address;

    if (address < segment->address || into >= segment->size)
        return (struct elf_table){NULL, 0};
    return (struct elf_table){segment->at + into, segment->size - into};
}

/* The bytes from a virtual address to the end of what the object holds there. */
static struct elf_table table_at(const struct elf_image *image, uint64_t address)
{
    struct elf_table table = {NULL, 0};
    ElfW(Phdr) header;

    for (size_t i = 0; i < image->segment_count && !table.at; i++)
        table = table_in(&image->segments[i], address);
    for (size_t i = 0; image->has_more_segments && !table.at; i++) {
        if (elf_image_header(image, i, &header) != 0)
            break;
        if (header.p_type != PT_LOAD)
            continue;
        for (size_t part = 0; part < 2 && !table.at; part++) {
            struct elf_segment segment = segment_of(image, &header, part);
            table = table_in(&segment, address);
        }
    }
    return table;
}

const void *elf_image_at(const struct elf_image *image, uint64_t address, size_t size)
{
    struct elf_table table = table_at(image, address);

    return table.at && size <= table.size ? table.at : NULL;
}

/* A pointer of PT_DYNAMIC. In a mapped object glibc has added the load bias to most of them and
 * musl to none: whichever falls inside the object is meant. */
static struct elf_table table_of(const struct elf_image *image, uint64_t pointer)
{
    struct elf_table table = {NULL, 0};

    if (!image->is_file && pointer >= image->base)
        table = table_at(image, pointer - image->base);
    if (!table.at)
        table = table_at(image, pointer);
    return table;
}

static uint32_t word_at(const uint8_t *at, size_t index)
{
    uint32_t word;

    memcpy(&word, at + index * sizeof(word), sizeof(word));
    return word;
}

static void read_gnu_hash(struct elf_image *image)
{
    struct elf_table *table = &image->gnu_hash;
    uint64_t head = 4 * sizeof(uint32_t);

    if (!table->at)
        return;
    if (table->size >= head) {
        image->gnu_buckets = word_at(table->at, 0);
        image->gnu_first = word_at(table->at, 1);
        image->gnu_bloom_words = word_at(table->at, 2);
        image->gnu_bloom_shift = word_at(table->at, 3) & (sizeof(ElfW(Addr)) * 8 - 1);
        uint64_t words = image->gnu_bloom_words;
        uint64_t body = head + words * sizeof(ElfW(Addr)) + image->gnu_buckets * UINT64_C(4);
        if (image->gnu_buckets && words && (words & (words - 1)) == 0 && body <= table->size)
            return;
    }
    *table = (struct elf_table){NULL, 0};
    image->gnu_buckets = 0;
}

static void read_sysv_hash(struct elf_image *image)
{
    struct elf_table *table = &image->sysv_hash;

    if (table->at && table->size >= 8) {
        image->sysv_buckets = word_at(table->at, 0);
        image->sysv_chains = word_at(table->at, 1);
        uint64_t body = 8 + (image->sysv_buckets + (uint64_t)image->sysv_chains) * 4;
        if (image->sysv_buckets && body <= table->size)
            return;
    }
    *table = (struct elf_table){NULL, 0};
    image->sysv_buckets = image->sysv_chains = 0;
}

static void read_strings(struct elf_image *image)
{
    struct elf_table *table = &image->strings;

    if (!image->is_file)
        return; /* ld.so has relied on it already; its last page may not be in memory yet */
    while (table->size && table->at[table->size - 1] != 0)
        table->size--;
    if (table->size == 0)
        table->at = NULL;
}

static const char *string_at(const struct elf_image *image, uint64_t offset)
{
    return offset < image->strings.size ? (const char *)image->strings.at + offset : NULL;
}

/* What one walk of PT_DYNAMIC collects before the tables can be placed: the value of each small
 * tag, which of them were there, and the GNU ones. */
#define SMALL_TAGS 40

struct dynamic_values {
    uint64_t small[SMALL_TAGS], seen;
    uint64_t gnu_hash, versym, verneed, verdef, flags_1;
};

static void keep_value(struct dynamic_values *values, const ElfW(Dyn) * entry)
{
    uint64_t tag = (uint64_t)entry->d_tag, value = entry->d_un.d_val;

    if (tag < SMALL_TAGS) {
        values->small[tag] = value;
        values->seen |= UINT64_C(1) << tag;
        return;
    }
    switch (entry->d_tag) {
    case DT_GNU_HASH:
        values->gnu_hash = value;
        break;
    case DT_VERSYM:
        values->versym = value;
        break;
    case DT_VERNEED:
        values->verneed = value;
        break;
    case DT_VERDEF:
        values->verdef = value;
        break;
    case DT_FLAGS_1:
        values->flags_1 = value;
        break;
    default:
        break;
    }
}

static void place_flags(struct elf_image *image, const struct dynamic_values *values)
{
    uint64_t flags = values->small[DT_FLAGS], flags_1 = values->flags_1, seen = values->seen;

    if (flags & DF_BIND_NOW || flags_1 & DF_1_NOW || seen >> DT_BIND_NOW & 1)
        image->flags |= ELF_IMAGE_BIND_NOW;
    if (flags & DF_TEXTREL || seen >> DT_TEXTREL & 1)
        image->flags |= ELF_IMAGE_TEXTREL;
    if (flags & DF_SYMBOLIC || seen >> DT_SYMBOLIC & 1)
        image->flags |= ELF_IMAGE_SYMBOLIC;
    if (flags & DF_STATIC_TLS)
        image->flags |= ELF_IMAGE_STATIC_TLS;
    if (flags_1 & DF_1_NODELETE)
        image->flags |= ELF_IMAGE_NODELETE;
    if (flags_1 & DF_1_PIE)
        image->flags |= ELF_IMAGE_PIE;
}

static struct elf_table open_table(struct elf_image *image, uint64_t pointer)
{
    struct elf_table table = {NULL, 0};

    if (pointer)
        table = table_of(image, pointer);
    if (pointer && !table.at)
        image->has_gaps = 1;
    return table;
}

static struct elf_table sized_table(struct elf_image *image, uint64_t pointer, uint64_t size)
{
    struct elf_table table = {NULL, 0};

    if (pointer && size)
        table = table_of(image, pointer);
    if (size < table.size)
        table.size = size;
    return table;
}

static const char *small_string(const struct elf_image *image, const struct dynamic_values *values,
                                unsigned tag)
{
    return values->seen >> tag & 1 ? string_at(image, values->small[tag]) : NULL;
}

static void place_tables(struct elf_image *image, const struct dynamic_values *values)
{
    const uint64_t *small = values->small;

    image->has_gaps = 0;
    image->strings = sized_table(image, small[DT_STRTAB], small[DT_STRSZ]);
    if (!image->strings.at || image->strings.size < small[DT_STRSZ])
        image->has_gaps = 1;
    image->symbols = open_table(image, small[DT_SYMTAB]);
    image->gnu_hash = open_table(image, values->gnu_hash);
    image->sysv_hash = open_table(image, small[DT_HASH]);
    image->versym = open_table(image, values->versym);
    image->verneed = open_table(image, values->verneed);
    image->verdef = open_table(image, values->verdef);
    image->rel = sized_table(image, small[DT_REL], small[DT_RELSZ]);
    image->rela = sized_table(image, small[DT_RELA], small[DT_RELASZ]);
    image->plt = sized_table(image, small[DT_JMPREL], small[DT_PLTRELSZ]);
    image->plt_has_addends = small[DT_PLTREL] == DT_RELA;
    read_strings(image);
    read_gnu_hash(image);
    read_sysv_hash(image);
    image->soname = small_string(image, values, DT_SONAME);
    image->rpath = small_string(image, values, DT_RPATH);
    image->runpath = small_string(image, values, DT_RUNPATH);
}

static void read_dynamic(struct elf_image *image)
{
    struct dynamic_values values = {.seen = 0};
    ElfW(Dyn) entry;
    size_t count = image->dynamic.size / sizeof(entry), used = 0;

    for (; used < count; used++) {
        memcpy(&entry, image->dynamic.at + used * sizeof(entry), sizeof(entry));
        if (entry.d_tag == DT_NULL)
            break;
        if (entry.d_tag == DT_NEEDED)
            image->needed_count++;
        else
            keep_value(&values, &entry);
    }
    image->dynamic.size = used * sizeof(entry);
    place_flags(image, &values);
    place_tables(image, &values);
}

static void read_headers(struct elf_image *image)
{
    ElfW(Phdr) header, dynamic = {.p_vaddr = 0};

    for (size_t i = 0; elf_image_header(image, i, &header) == 0; i++) {
        switch (header.p_type) {
        case PT_GNU_STACK:
            image->flags |= ELF_IMAGE_STACK_HEADER;
            image->flags |= header.p_flags & PF_X ? ELF_IMAGE_STACK_EXEC : 0;
            break;
        case PT_GNU_RELRO:
            image->flags |= ELF_IMAGE_RELRO;
            break;
        case PT_INTERP:
            image->flags |= ELF_IMAGE_INTERPRETER;
            break;
        case PT_TLS:
            image->tls_size = header.p_memsz;
            break;
        case PT_LOAD:
            add_segment(image, &header);
            if ((header.p_flags & (PF_W | PF_X)) == (PF_W | PF_X))
                image->flags |= ELF_IMAGE_WRITE_EXEC;
            break;
        case PT_DYNAMIC:
            image->flags |= ELF_IMAGE_DYNAMIC;
            dynamic = header;
            break;
        default:
            break;
        }
    }
    if (image->flags & ELF_IMAGE_DYNAMIC) {
        image->dynamic = table_at(image, dynamic.p_vaddr);
        if (image->dynamic.size > dynamic.p_memsz)
            image->dynamic.size = dynamic.p_memsz;
    }
}

/* A segment that reaches past the end of the file would be a SIGBUS once mapped. */
static const char *check_headers(const struct elf_image *image, uint64_t file_size)
{
    ElfW(Phdr) header;

    for (size_t i = 0; elf_image_header(image, i, &header) == 0; i++) {
        if (header.p_type != PT_LOAD && header.p_type != PT_NOTE && header.p_type != PT_INTERP)
            continue;
        if (header.p_offset > file_size || header.p_filesz > file_size - header.p_offset)
            return "it is cut short: a segment reaches past the end of the file";
        if (header.p_type == PT_LOAD && header.p_filesz > header.p_memsz)
            return "a segment holds more than it maps";
        if (header.p_vaddr + header.p_memsz < header.p_vaddr)
            return "a segment wraps around the address space";
    }
    return NULL;
}

static const char *read_native(struct elf_image *image, uint64_t file_size)
{
    ElfW(Ehdr) head;

    if (image->parts[0].size < sizeof(head))
        return "it is cut short inside the ELF header";
    memcpy(&head, image->parts[0].at, sizeof(head));
    if (head.e_phnum && head.e_phentsize != sizeof(ElfW(Phdr)))
        return "its program headers have an unknown size";
    if (head.e_phoff > file_size || head.e_phnum > (file_size - head.e_phoff) / sizeof(ElfW(Phdr)))
        return "its program headers lie outside the file";
    image->headers = file_bytes(image, head.e_phoff, head.e_phnum * sizeof(ElfW(Phdr)));
    image->header_count = image->headers ? head.e_phnum : 0;
    image->has_gaps = !image->headers;
    const char *wrong = check_headers(image, file_size);
    if (!wrong && !image->has_gaps) {
        read_headers(image);
        read_dynamic(image);
    }
    return wrong;
}

const char *elf_image_read_parts(const struct elf_part parts[2], uint64_t file_size,
                                 struct elf_image *ret_image)
{
    struct elf_image image = {.is_file = 1, .parts = {parts[0], parts[1]}};
    const uint8_t *bytes = parts[0].at;
    const char *wrong = NULL;

    if (parts[0].size < EI_NIDENT + 4 || memcmp(bytes, ELFMAG, SELFMAG) != 0)
        return parts[0].size == 0 ? "it is empty" : "it is not an ELF file";
    image.elf_class = bytes[EI_CLASS];
    image.encoding = bytes[EI_DATA];
    image.os_abi = bytes[EI_OSABI];
    /* type and machine lie at the same place in both classes; the order of bytes may be foreign */
    int swap = image.encoding == ELFDATA2MSB;
    image.type = (uint16_t)(bytes[16 + swap] | bytes[17 - swap] << 8);
    image.machine = (uint16_t)(bytes[18 + swap] | bytes[19 - swap] << 8);
    image.native = image.elf_class == NATIVE_CLASS && image.encoding == NATIVE_ENCODING &&
                   image.machine == NATIVE_MACHINE;
    if (image.native)
        wrong = read_native(&image, file_size);
    if (!wrong)
        *ret_image = image;
    return wrong;
}

const char *elf_image_read(const void *bytes, size_t size, struct elf_image *ret_image)
{
    const struct elf_part parts[2] = {{.size = size, .at = bytes}, {.at = NULL}};

    return elf_image_read_parts(parts, size, ret_image);
}

const char *elf_image_view(const ElfW(Phdr) * headers, size_t count, uintptr_t base,
                           struct elf_image *ret_image)
{
    struct elf_image image = {0};

    image.elf_class = NATIVE_CLASS;
    image.encoding = NATIVE_ENCODING;
    image.machine = NATIVE_MACHINE;
    image.type = ET_DYN;
    image.native = 1;
    image.base = base;
    image.headers = (const uint8_t *)headers;
    image.header_count = count;
    read_headers(&image);
    if (!image.dynamic.at)
        return "it has no dynamic section";
    read_dynamic(&image);
    *ret_image = image;
    return NULL;
}

const char *elf_image_needed(const struct elf_image *image, size_t index)
{
    ElfW(Dyn) entry;

    for (size_t i = 0; i < image->dynamic.size / sizeof(entry); i++) {
        memcpy(&entry, image->dynamic.at + i * sizeof(entry), sizeof(entry));
        if (entry.d_tag == DT_NEEDED && index-- == 0) {
            const char *name = string_at(image, entry.d_un.d_val);
            return name ? name : "";
        }
    }
    return NULL;
}

int elf_image_needs(const struct elf_image *image, const char *soname)
{
    for (size_t i = 0; i < image->needed_count; i++) {
        const char *needed = elf_image_needed(image, i);
        if (needed && strcmp(needed, soname) == 0)
            return 1;
    }
    return 0;
}

/* The bytes of a header that is not PT_LOAD itself. */
static struct elf_table header_table(const struct elf_image *image, const ElfW(Phdr) * header)
{
    struct elf_table table;

    if (image->is_file) {
        table.at = file_bytes(image, header->p_offset, header->p_filesz);
        table.size = table.at ? header->p_filesz : 0;
        return table;
    }
    table = table_at(image, header->p_vaddr);
    if (table.size > header->p_filesz)
        table.size = header->p_filesz;
    return table;
}

const char *elf_image_interpreter(const struct elf_image *image)
{
    ElfW(Phdr) header;

    for (size_t i = 0; elf_image_header(image, i, &header) == 0; i++) {
        if (header.p_type != PT_INTERP)
            continue;
        struct elf_table table = header_table(image, &header);
        if (table.at && memchr(table.at, 0, table.size))
            return (const char *)table.at;
    }
    return NULL;
}

static int note_in(struct elf_table notes, size_t align, const char *owner, uint32_t type,
                   struct elf_table *ret_note)
{
    size_t owner_size = strlen(owner) + 1;

    while (notes.size >= 12) {
        uint64_t name_size = word_at(notes.at, 0), body_size = word_at(notes.at, 1);
        uint64_t body = (12 + name_size + align - 1) & ~(uint64_t)(align - 1);
        uint64_t next = (body + body_size + align - 1) & ~(uint64_t)(align - 1);
        if (body > notes.size || body_size > notes.size - body)
            return -1;
        if (word_at(notes.at, 2) == type && name_size == owner_size &&
            memcmp(notes.at + 12, owner, owner_size) == 0) {
            *ret_note = (struct elf_table){notes.at + body, body_size};
            return 0;
        }
        if (next > notes.size)
            return -1;
        notes.at += next;
        notes.size -= next;
    }
    return -1;
}

int elf_image_note(const struct elf_image *image, const char *owner, uint32_t type,
                   struct elf_table *ret_note)
{
    ElfW(Phdr) header;

    for (size_t i = 0; elf_image_header(image, i, &header) == 0; i++) {
        if (header.p_type != PT_NOTE)
            continue;
        struct elf_table notes = header_table(image, &header);
        if (notes.at && note_in(notes, header.p_align == 8 ? 8 : 4, owner, type, ret_note) == 0)
            return 0;
    }
    return -1;
}

int elf_image_build_id(const struct elf_image *image, char *ret_text, size_t text_size)
{
    static const char digits[] = "0123456789abcdef";
    struct elf_table note;

    if (elf_image_note(image, "GNU", NT_GNU_BUILD_ID, &note) != 0 || note.size == 0 ||
        note.size > 64 || text_size < note.size * 2 + 1)
        return -1;
    for (size_t i = 0; i < note.size; i++) {
        ret_text[2 * i] = digits[note.at[i] >> 4];
        ret_text[2 * i + 1] = digits[note.at[i] & 15];
    }
    ret_text[note.size * 2] = 0;
    return 0;
}

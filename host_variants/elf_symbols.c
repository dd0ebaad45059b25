/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The dynamic symbols of an ELF object: hash lookup, versions, enumeration. The rules are those of
 * ld.so (elf/dl-lookup.c), so that an answer from here is what a relocation would get. */
#include "host_variants/elf_image.h"

#include <string.h>

#define VERSION_INDEX 0x7fff
#define VERSION_HIDDEN 0x8000

/* Two characters a step: the chain of multiplications is what the time goes into. */
uint32_t elf_image_gnu_hash(const char *name)
{
    const unsigned char *at = (const unsigned char *)name;
    uint32_t hash = 5381;

    for (; at[0] && at[1]; at += 2)
        hash = hash * (33 * 33) + (at[0] * 33u + at[1]);
    return at[0] ? hash * 33 + at[0] : hash;
}

static uint32_t sysv_hash(const char *name)
{
    uint32_t hash = 0;

    for (const unsigned char *at = (const unsigned char *)name; *at; at++) {
        hash = (hash << 4) + *at;
        uint32_t high = hash & 0xf0000000;
        hash = (hash ^ high >> 24) & ~high;
    }
    return hash;
}

static uint32_t word_at(const uint8_t *at, size_t index)
{
    uint32_t word;

    memcpy(&word, at + index * sizeof(word), sizeof(word));
    return word;
}

static const char *string_at(const struct elf_image *image, uint64_t offset)
{
    return offset < image->strings.size ? (const char *)image->strings.at + offset : NULL;
}

static int raw_symbol(const struct elf_image *image, size_t index, ElfW(Sym) * ret_raw)
{
    if (index >= image->symbols.size / sizeof(*ret_raw))
        return -1;
    memcpy(ret_raw, image->symbols.at + index * sizeof(*ret_raw), sizeof(*ret_raw));
    return 0;
}

static uint16_t version_of_index(const struct elf_image *image, size_t index)
{
    uint16_t version = 1;

    if (index < image->versym.size / sizeof(version))
        memcpy(&version, image->versym.at + index * sizeof(version), sizeof(version));
    return version;
}

/* --------------------------------------------------------------------------------- versions */

int elf_image_next_need(const struct elf_image *image, struct elf_need_cursor *cursor,
                        struct elf_need *ret_need)
{
    const struct elf_table *table = &image->verneed;
    ElfW(Verneed) file;
    ElfW(Vernaux) entry;

    /* cursor->file is the place of the current Verneed, cursor->entry of the next Vernaux, 0 at
     * the start of a file; SIZE_MAX in cursor->file is the end. */
    for (;;) {
        if (cursor->file >= table->size || table->size - cursor->file < sizeof(file))
            return 0;
        memcpy(&file, table->at + cursor->file, sizeof(file));
        if (cursor->entry == 0)
            cursor->entry = cursor->file + file.vn_aux;
        if (file.vn_cnt && cursor->entry < table->size &&
            table->size - cursor->entry >= sizeof(entry))
            break;
        if (file.vn_next == 0) {
            cursor->file = SIZE_MAX;
            return 0;
        }
        cursor->file += file.vn_next;
        cursor->entry = 0;
    }
    memcpy(&entry, table->at + cursor->entry, sizeof(entry));
    ret_need->file = string_at(image, file.vn_file);
    ret_need->version = string_at(image, entry.vna_name);
    ret_need->weak = (entry.vna_flags & VER_FLG_WEAK) != 0;
    ret_need->index = entry.vna_other & VERSION_INDEX;
    if (entry.vna_next) {
        cursor->entry += entry.vna_next;
    } else if (file.vn_next) {
        cursor->file += file.vn_next;
        cursor->entry = 0;
    } else {
        cursor->file = SIZE_MAX;
    }
    return 1;
}

static void needed_version(const struct elf_image *image, uint16_t index, struct elf_symbol *symbol)
{
    struct elf_need_cursor cursor = {0};
    struct elf_need need;

    while (elf_image_next_need(image, &cursor, &need)) {
        if (need.index == index) {
            symbol->version = need.version;
            symbol->version_file = need.file;
            return;
        }
    }
}

/* The name of version definition `index`; NULL for the base version and for an unknown one. */
static const char *defined_version(const struct elf_image *image, uint16_t index)
{
    const struct elf_table *table = &image->verdef;
    ElfW(Verdef) entry;
    ElfW(Verdaux) name;
    size_t at = 0;

    while (at < table->size && table->size - at >= sizeof(entry)) {
        memcpy(&entry, table->at + at, sizeof(entry));
        if ((entry.vd_ndx & VERSION_INDEX) == index) {
            size_t aux = at + entry.vd_aux;
            if ((entry.vd_flags & VER_FLG_BASE) || aux >= table->size ||
                table->size - aux < sizeof(name))
                return NULL;
            memcpy(&name, table->at + aux, sizeof(name));
            return string_at(image, name.vda_name);
        }
        if (entry.vd_next == 0)
            break;
        at += entry.vd_next;
    }
    return NULL;
}

/* ---------------------------------------------------------------------------------- symbols */

static int fill_symbol(const struct elf_image *image, size_t index, const ElfW(Sym) * raw,
                       struct elf_symbol *ret_symbol)
{
    const char *name = string_at(image, raw->st_name);
    uint16_t version = version_of_index(image, index);

    /* straight into place: clearing and copying a structure of this size costs more than the rest
     */
    if (!name)
        return -1;
    ret_symbol->name = name;
    ret_symbol->version = NULL;
    ret_symbol->version_file = NULL;
    ret_symbol->type = raw->st_info & 15;
    ret_symbol->binding = raw->st_info >> 4;
    ret_symbol->visibility = raw->st_other & 3;
    ret_symbol->section = raw->st_shndx;
    ret_symbol->value = raw->st_value;
    ret_symbol->size = raw->st_size;
    ret_symbol->defined = raw->st_shndx != SHN_UNDEF;
    ret_symbol->hidden_version = (version & VERSION_HIDDEN) != 0;
    version &= VERSION_INDEX;
    if (version > 1 && ret_symbol->defined)
        ret_symbol->version = defined_version(image, version);
    else if (version > 1)
        needed_version(image, version, ret_symbol);
    return 0;
}

int elf_image_symbol(const struct elf_image *image, size_t index, struct elf_symbol *ret_symbol)
{
    ElfW(Sym) raw;

    return raw_symbol(image, index, &raw) == 0 ? fill_symbol(image, index, &raw, ret_symbol) : -1;
}

/* The highest symbol that a table of relocations speaks of. Undefined symbols without a relocation
 * do not matter to anyone. */
static size_t relocated_symbols(const struct elf_table *table, size_t entry_size)
{
    size_t highest = 0;
    ElfW(Rel) entry; /* the head of a Rela too */

    for (size_t at = 0; table->size - at >= entry_size && at < table->size; at += entry_size) {
        memcpy(&entry, table->at + at, sizeof(entry));
#if __SIZEOF_POINTER__ == 8
        size_t symbol = ELF64_R_SYM(entry.r_info);
#else
        size_t symbol = ELF32_R_SYM(entry.r_info);
#endif
        if (symbol > highest)
            highest = symbol;
    }
    return highest;
}

/* One past the last symbol of the GNU hash; 0 = it holds none. */
static size_t hashed_symbols(const struct elf_image *image)
{
    size_t bloom = 16 + (size_t)image->gnu_bloom_words * sizeof(ElfW(Addr));
    size_t chains_at = bloom + (size_t)image->gnu_buckets * 4;
    uint32_t last = 0;

    for (size_t i = 0; i < image->gnu_buckets; i++) {
        uint32_t first = word_at(image->gnu_hash.at + bloom, i);
        if (first > last)
            last = first;
    }
    if (last < image->gnu_first || last == 0)
        return 0;
    size_t limit = (image->gnu_hash.size - chains_at) / 4;
    for (size_t i = last - image->gnu_first; i < limit; i++) {
        if (word_at(image->gnu_hash.at + chains_at, i) & 1)
            return image->gnu_first + i + 1;
    }
    return 0;
}

size_t elf_image_symbol_count(const struct elf_image *image)
{
    size_t limit = image->symbols.size / sizeof(ElfW(Sym)), count = 0;

    if (image->sysv_hash.at)
        count = image->sysv_chains;
    else if (image->gnu_hash.at)
        count = hashed_symbols(image);
    if (count == 0) {
        const struct elf_table *tables[] = {&image->rel, &image->rela, &image->plt};
        const size_t sizes[] = {sizeof(ElfW(Rel)), sizeof(ElfW(Rela)),
                                image->plt_has_addends ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel))};
        for (size_t i = 0; i < 3; i++) {
            size_t highest = relocated_symbols(tables[i], sizes[i]);
            if (highest >= count && highest)
                count = highest + 1;
        }
    }
    return count < limit ? count : limit;
}

/* ----------------------------------------------------------------------------------- lookup */

/* Whether a reference to `version` may take symbol `index`. A reference without a version takes
 * the base definition at once (2) and a default version if there is nothing better (1). */
static int version_matches(const struct elf_image *image, size_t index, const char *version)
{
    if (!image->versym.at)
        return 2;
    uint16_t own = version_of_index(image, index);
    if (!version)
        return (own & VERSION_INDEX) < 3 ? 2 : !(own & VERSION_HIDDEN);
    const char *name = defined_version(image, own & VERSION_INDEX);
    if (!name)
        return own & VERSION_HIDDEN ? 0 : 2;
    return strcmp(name, version) == 0 ? 2 : 0;
}

static int candidate_matches(const struct elf_image *image, size_t index, const char *name,
                             const char *version, ElfW(Sym) * ret_raw)
{
    if (raw_symbol(image, index, ret_raw) != 0 || ret_raw->st_shndx == SHN_UNDEF)
        return 0;
    unsigned type = ret_raw->st_info & 15, binding = ret_raw->st_info >> 4;
    unsigned visibility = ret_raw->st_other & 3;
    if (ret_raw->st_value == 0 && ret_raw->st_shndx != SHN_ABS && type != STT_TLS)
        return 0;
    if (binding != STB_GLOBAL && binding != STB_WEAK && binding != STB_GNU_UNIQUE)
        return 0;
    if (visibility == STV_HIDDEN || visibility == STV_INTERNAL)
        return 0;
    if (type > STT_COMMON && type != STT_TLS && type != STT_GNU_IFUNC)
        return 0;
    if (type == STT_SECTION || type == STT_FILE)
        return 0;
    const char *own = string_at(image, ret_raw->st_name);
    return own && strcmp(own, name) == 0 ? version_matches(image, index, version) : 0;
}

struct elf_filter elf_image_filter(const struct elf_image *image)
{
    struct elf_filter filter = {.passes = image->sysv_hash.at != NULL};

    if (image->gnu_hash.at) {
        filter.words = image->gnu_hash.at + 16;
        filter.mask = image->gnu_bloom_words - 1;
        filter.shift = (uint8_t)image->gnu_bloom_shift;
    }
    return filter;
}

/* Each returns the symbol's index, 0 = none. */
static uint32_t find_gnu(const struct elf_image *image, const char *name, uint32_t hash,
                         const char *version)
{
    size_t buckets = 16 + (size_t)image->gnu_bloom_words * sizeof(ElfW(Addr));
    size_t chains = buckets + (size_t)image->gnu_buckets * 4;
    size_t limit = (image->gnu_hash.size - chains) / 4;
    uint32_t second_best = 0;
    ElfW(Sym) raw;

    struct elf_filter filter = elf_image_filter(image);
    if (!elf_filter_passes(&filter, hash))
        return 0;
    uint32_t first = word_at(image->gnu_hash.at + buckets, hash % image->gnu_buckets);
    if (first < image->gnu_first || first == 0)
        return 0;
    for (size_t i = first - image->gnu_first; i < limit; i++) {
        uint32_t other = word_at(image->gnu_hash.at + chains, i);
        if ((other | 1) == (hash | 1)) {
            uint32_t index = (uint32_t)(image->gnu_first + i);
            int match = candidate_matches(image, index, name, version, &raw);
            if (match == 2)
                return index;
            if (match == 1 && !second_best)
                second_best = index;
        }
        if (other & 1)
            break;
    }
    return second_best;
}

static uint32_t find_sysv(const struct elf_image *image, const char *name, const char *version)
{
    const uint8_t *buckets = image->sysv_hash.at + 8;
    const uint8_t *chains = buckets + (size_t)image->sysv_buckets * 4;
    uint32_t index = word_at(buckets, sysv_hash(name) % image->sysv_buckets);
    uint32_t second_best = 0;
    ElfW(Sym) raw;

    /* a chain that runs in a circle ends after as many steps as there are symbols */
    for (size_t steps = 0; index && index < image->sysv_chains && steps < image->sysv_chains;
         steps++, index = word_at(chains, index)) {
        int match = candidate_matches(image, index, name, version, &raw);
        if (match == 2)
            return index;
        if (match == 1 && !second_best)
            second_best = index;
    }
    return second_best;
}

static uint32_t find_index(const struct elf_image *image, const char *name, uint32_t gnu_hash,
                           const char *version)
{
    if (image->gnu_hash.at)
        return find_gnu(image, name, gnu_hash, version);
    return image->sysv_hash.at ? find_sysv(image, name, version) : 0;
}

int elf_image_find_hashed(const struct elf_image *image, const char *name, uint32_t gnu_hash,
                          const char *version, struct elf_symbol *ret_symbol)
{
    uint32_t index = find_index(image, name, gnu_hash, version);

    return index ? elf_image_symbol(image, index, ret_symbol) : -1;
}

int elf_image_find(const struct elf_image *image, const char *name, const char *version,
                   struct elf_symbol *ret_symbol)
{
    return elf_image_find_hashed(image, name, elf_image_gnu_hash(name), version, ret_symbol);
}

/* ---------------------------------------------------------------------------- many at once */

struct gnu_tables {
    struct elf_filter filter;
    const uint8_t *buckets, *chains;
    size_t limit; /* of the chains */
};

static struct gnu_tables gnu_tables_of(const struct elf_image *image)
{
    size_t buckets = 16 + (size_t)image->gnu_bloom_words * sizeof(ElfW(Addr));
    size_t chains = buckets + (size_t)image->gnu_buckets * 4;

    return (struct gnu_tables){.filter = elf_image_filter(image),
                               .buckets = image->gnu_hash.at + buckets,
                               .chains = image->gnu_hash.at + chains,
                               .limit = (image->gnu_hash.size - chains) / 4};
}

/* The first symbol of that hash; 0 = none. */
static uint32_t first_of_hash(const struct elf_image *image, const struct gnu_tables *tables,
                              uint32_t first, uint32_t hash)
{
    for (size_t i = first - image->gnu_first; i < tables->limit; i++) {
        uint32_t other = word_at(tables->chains, i);
        if ((other | 1) == (hash | 1))
            return (uint32_t)(image->gnu_first + i);
        if (other & 1)
            break;
    }
    return 0;
}

static void look_in_buckets(const struct elf_image *image, const struct gnu_tables *tables,
                            struct elf_query *queries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct elf_query *query = &queries[i];
        query->index = 0;
        if (!elf_filter_passes(&tables->filter, query->hash))
            continue;
        uint32_t first = word_at(tables->buckets, query->hash % image->gnu_buckets);
        if (first < image->gnu_first || first == 0)
            continue;
        query->index = first;
        __builtin_prefetch(tables->chains + (size_t)(first - image->gnu_first) * 4);
    }
}

static void look_in_chains(const struct elf_image *image, const struct gnu_tables *tables,
                           struct elf_query *queries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct elf_query *query = &queries[i];
        if (query->index)
            query->index = first_of_hash(image, tables, query->index, query->hash);
        if (query->index)
            __builtin_prefetch(image->symbols.at + query->index * sizeof(ElfW(Sym)));
    }
}

static void look_ahead(const struct elf_image *image, struct elf_query *queries, size_t count)
{
    struct gnu_tables tables = gnu_tables_of(image);
    ElfW(Sym) raw;

    for (size_t i = 0; i < count; i++) {
        const size_t bits = sizeof(ElfW(Addr)) * 8;
        uint32_t hash = queries[i].hash;
        __builtin_prefetch(tables.filter.words +
                           ((hash / bits) & tables.filter.mask) * sizeof(ElfW(Addr)));
        __builtin_prefetch(tables.buckets + (size_t)(hash % image->gnu_buckets) * 4);
    }
    look_in_buckets(image, &tables, queries, count);
    look_in_chains(image, &tables, queries, count);
    for (size_t i = 0; i < count; i++) {
        if (queries[i].index && raw_symbol(image, queries[i].index, &raw) == 0)
            __builtin_prefetch(image->strings.at + raw.st_name);
    }
}

void elf_image_find_many(const struct elf_image *image, struct elf_query *queries, size_t count)
{
    int is_ahead = image->gnu_hash.at && image->symbols.at && image->strings.at;
    ElfW(Sym) raw;

    if (is_ahead)
        look_ahead(image, queries, count);
    for (size_t i = 0; i < count; i++) {
        struct elf_query *query = &queries[i];
        if (is_ahead && (!query->index || candidate_matches(image, query->index, query->name,
                                                            query->version, &raw) == 2))
            continue;
        /* a namesake by hash, a version, or a table of the other kind: the long way */
        query->index = find_index(image, query->name, query->hash, query->version);
    }
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The protections of pages come from /proc/self/maps, never from what the program headers promise:
 * an object whose RELRO was never closed must not be found closed afterwards. */
#include "host_variants/rebind_protect.h"

#include <errno.h>
#include <fcntl.h>
#include <metacall/loader.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* The kernel's answer about one mapping (PROCMAP_QUERY, Linux 6.11), for headers that lack it. */
struct mapping_query {
    uint64_t size, flags, address;
    uint64_t from, to, protection;
    uint64_t page_size, offset, inode;
    uint32_t device[2];
    uint32_t name_size, build_id_size;
    uint64_t name, build_id;
};
#define MAPPING_QUERY _IOWR('f', 17, struct mapping_query)
#define MAPPING_QUERY_OR_NEXT 0x10
enum { MAPPING_READ = 1, MAPPING_WRITE = 2, MAPPING_EXECUTE = 4 };

struct line_reader {
    int file;
    int reads; /* 1 = this kernel does not answer queries: the text is read */
    size_t at, size;
    char buffer[4096];
};

static int next_char(struct line_reader *reader)
{
    if (reader->at == reader->size) {
        ssize_t size;
        do
            size = read(reader->file, reader->buffer, sizeof(reader->buffer));
        while (size < 0 && errno == EINTR);
        if (size <= 0)
            return -1;
        reader->at = 0;
        reader->size = (size_t)size;
    }
    return (unsigned char)reader->buffer[reader->at++];
}

/* A hexadecimal number; *ret_end is the character behind it. */
static uintptr_t read_number(struct line_reader *reader, int *ret_end)
{
    uintptr_t number = 0;
    int c;

    while ((c = next_char(reader)) >= 0) {
        if (c >= '0' && c <= '9')
            number = number << 4 | (uintptr_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number << 4 | (uintptr_t)(c - 'a' + 10);
        else
            break;
    }
    *ret_end = c;
    return number;
}

/* "7f00-7f10 rw-p ..." Returns 1, or 0 at the end. */
static int read_mapping(struct line_reader *reader, struct rebind_opening *ret_mapping)
{
    int end = 0, c;

    ret_mapping->from = read_number(reader, &end);
    if (end != '-')
        return 0;
    ret_mapping->to = read_number(reader, &end);
    ret_mapping->protection = PROT_NONE;
    for (int i = 0; i < 3; i++) {
        c = next_char(reader);
        ret_mapping->protection |= c == 'r' ? PROT_READ : 0;
        ret_mapping->protection |= c == 'w' ? PROT_WRITE : 0;
        ret_mapping->protection |= c == 'x' ? PROT_EXEC : 0;
    }
    do
        c = next_char(reader);
    while (c >= 0 && c != '\n');
    return c >= 0;
}

/* The mapping that holds `address`, or the next one. Returns 1, or 0 at the end. Asking for one
 * costs a hundredth of having all of them written out. */
static int next_mapping(struct line_reader *reader, uintptr_t address,
                        struct rebind_opening *ret_mapping)
{
    struct mapping_query query = {
        .size = sizeof(query), .flags = MAPPING_QUERY_OR_NEXT, .address = address};

    if (!reader->reads && ioctl(reader->file, MAPPING_QUERY, &query) == 0) {
        ret_mapping->from = (uintptr_t)query.from;
        ret_mapping->to = (uintptr_t)query.to;
        ret_mapping->protection = (query.protection & MAPPING_READ ? PROT_READ : 0) |
                                  (query.protection & MAPPING_WRITE ? PROT_WRITE : 0) |
                                  (query.protection & MAPPING_EXECUTE ? PROT_EXEC : 0);
        return 1;
    }
    if (!reader->reads && errno == ENOENT)
        return 0;
    reader->reads = 1;
    while (read_mapping(reader, ret_mapping)) {
        if (ret_mapping->to > address)
            return 1;
    }
    return 0;
}

static int holds_a_slot(const struct rebind_opening *pages, const struct rebind_slot *slots,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uintptr_t at = (uintptr_t)slots[i].where;
        if (at >= pages->from && at < pages->to)
            return 1;
    }
    return 0;
}

/* Finds the pages between `lowest` and `highest` that hold a slot and cannot be written. */
static int find_closed(const struct rebind_slot *slots, size_t count, uintptr_t lowest,
                       uintptr_t highest, struct rebind_openings *ret_openings)
{
    struct line_reader reader;
    struct rebind_opening mapping;
    int result = 0;

    reader.file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    reader.reads = 0;
    reader.at = reader.size = 0;

    if (reader.file < 0)
        return metacall_error_raise(METACALL_ERROR_SUPPORT,
                                    "/proc/self/maps: %s: the protection of the pages to be "
                                    "patched cannot be known",
                                    strerror(errno));
    for (uintptr_t at = lowest; at < highest && next_mapping(&reader, at, &mapping);
         at = mapping.to) {
        if (mapping.from >= highest)
            break;
        if (mapping.protection & PROT_WRITE)
            continue;
        if (mapping.from < lowest)
            mapping.from = lowest;
        if (mapping.to > highest)
            mapping.to = highest; /* and the walk ends */
        if (!holds_a_slot(&mapping, slots, count))
            continue;
        if (ret_openings->count == sizeof(ret_openings->at) / sizeof(ret_openings->at[0])) {
            result = metacall_error_raise(METACALL_ERROR_SUPPORT,
                                          "the pages to be patched have too many protections");
            break;
        }
        ret_openings->at[ret_openings->count++] = mapping;
    }
    close(reader.file);
    return result;
}

int rebind_open_pages(const struct rebind_slot *slots, size_t count,
                      struct rebind_openings *ret_openings)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), lowest = UINTPTR_MAX, highest = 0;
    struct rebind_openings openings;

    openings.count = 0;
    for (size_t i = 0; i < count; i++) {
        uintptr_t at = (uintptr_t)slots[i].where;
        lowest = at < lowest ? at : lowest;
        highest = at > highest ? at : highest;
    }
    if (count && find_closed(slots, count, lowest & ~(page - 1), (highest & ~(page - 1)) + page,
                             &openings) != 0)
        return -1;
    for (size_t i = 0; i < openings.count; i++) {
        struct rebind_opening *pages = &openings.at[i];
        if (mprotect((void *)pages->from, pages->to - pages->from,
                     pages->protection | PROT_READ | PROT_WRITE) == 0)
            continue;
        int wrong = errno;
        openings.count = i;
        rebind_close_pages(&openings);
        return metacall_error_raise(METACALL_ERROR_SUPPORT,
                                    "read-only pages cannot be opened for patching: %s",
                                    strerror(wrong));
    }
    *ret_openings = openings;
    return 0;
}

int rebind_close_pages(const struct rebind_openings *openings)
{
    int result = 0;

    for (size_t i = 0; i < openings->count; i++) {
        const struct rebind_opening *pages = &openings->at[i];
        if (mprotect((void *)pages->from, pages->to - pages->from, pages->protection) != 0)
            result =
                metacall_error_raise(METACALL_ERROR_INTERNAL,
                                     "patched pages cannot be closed again: %s", strerror(errno));
    }
    return result;
}

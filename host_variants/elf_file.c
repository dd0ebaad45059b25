/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* ELF objects in files: the whole file mapped, or only its tables read. */
#include "host_variants/elf_image.h"

#include <errno.h>
#include <fcntl.h>
#include <metacall/loader.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DYNAMIC_SIZE 2048      /* more than any usual PT_DYNAMIC */
#define PARTS_SIZE (96 * 1024) /* tables larger than this are mapped */

/* Each returns what is wrong, or NULL. */
static const char *map_all(int fd, size_t size, struct elf_image *ret_image)
{
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

    if (bytes == MAP_FAILED)
        return strerror(errno);
    const char *wrong = elf_image_read(bytes, size, ret_image);
    if (wrong) {
        munmap(bytes, size);
    } else {
        ret_image->owned = bytes;
        ret_image->owned_size = size;
    }
    return wrong;
}

static int read_at(int fd, uint64_t offset, uint8_t *bytes, size_t size)
{
    while (size) {
        ssize_t got = pread(fd, bytes, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        offset += (uint64_t)got;
        bytes += got;
        size -= (size_t)got;
    }
    return 0;
}

/* Linkers put all tables into the segment at the beginning of the file, relocations last. Returns
 * where those begin; 0 where this file is made otherwise. */
static uint64_t tables_end(const uint8_t *dynamic, size_t size, uint64_t segment_end)
{
    uint64_t last = 0, end = segment_end;
    ElfW(Dyn) entry;

    for (size_t i = 0; i < size / sizeof(entry); i++) {
        memcpy(&entry, dynamic + i * sizeof(entry), sizeof(entry));
        uint64_t value = entry.d_un.d_val;
        switch (entry.d_tag) {
        case DT_NULL:
            return last < end ? end : 0;
        case DT_REL:
        case DT_RELA:
        case DT_JMPREL:
            end = value < end ? value : end;
            break;
        case DT_STRTAB:
        case DT_SYMTAB:
        case DT_HASH:
        case DT_GNU_HASH:
        case DT_VERSYM:
        case DT_VERNEED:
        case DT_VERDEF:
            last = value > last ? value : last;
            break;
        default:
            break;
        }
    }
    return last < end ? end : 0;
}

/* What to read: parts[0] from the beginning to the last table, parts[1] for PT_DYNAMIC, whose bytes
 * are in `dynamic` then. Returns 0, or -1 where this file is made otherwise. */
static int choose_parts(int fd, const struct elf_image *head, uint64_t file_size, uint8_t *dynamic,
                        struct elf_part parts[2])
{
    ElfW(Phdr) header, first = {.p_type = PT_NULL}, last = {.p_type = PT_NULL};

    for (size_t i = 0; elf_image_header(head, i, &header) == 0; i++) {
        if (header.p_type == PT_DYNAMIC)
            last = header;
        else if (header.p_type == PT_LOAD && header.p_offset == 0 && header.p_vaddr == 0)
            first = header;
    }
    if (first.p_type != PT_LOAD || last.p_type != PT_DYNAMIC || last.p_filesz > DYNAMIC_SIZE ||
        last.p_offset > file_size || last.p_filesz > file_size - last.p_offset ||
        read_at(fd, last.p_offset, dynamic, last.p_filesz) != 0)
        return -1;
    parts[0].size = tables_end(dynamic, last.p_filesz, first.p_filesz);
    parts[1] = (struct elf_part){.offset = last.p_offset, .size = last.p_filesz, .at = dynamic};
    return parts[0].size && parts[0].size <= PARTS_SIZE ? 0 : -1;
}

/* Returns 0, or -1 when the file has to be mapped instead (and may be wrong). */
static int read_tables(int fd, size_t size, uint8_t *scratch, size_t scratch_size,
                       struct elf_image *ret_image)
{
    uint8_t dynamic[DYNAMIC_SIZE];
    struct elf_part parts[2] = {{.size = size < scratch_size ? size : scratch_size, .at = scratch},
                                {.at = NULL}};
    struct elf_image image = {.native = 0};
    size_t head = parts[0].size;
    uint8_t *own = NULL;

    if (read_at(fd, 0, scratch, head) != 0 || elf_image_read_parts(parts, size, &image) != NULL ||
        !image.native || choose_parts(fd, &image, size, dynamic, parts) != 0)
        return -1;
    if (parts[0].size + parts[1].size > scratch_size) {
        own = malloc(parts[0].size + parts[1].size);
        if (!own)
            return -1;
        memcpy(own, scratch, head < parts[0].size ? head : parts[0].size);
        parts[0].at = own;
    }
    uint8_t *bytes = own ? own : scratch;
    parts[1].at = memcpy(bytes + parts[0].size, dynamic, parts[1].size);
    if ((parts[0].size > head && read_at(fd, head, bytes + head, parts[0].size - head) != 0) ||
        elf_image_read_parts(parts, size, &image) != NULL || image.has_gaps ||
        elf_image_symbol_count(&image) == 0) {
        free(own);
        return -1;
    }
    image.owned = own;
    *ret_image = image;
    return 0;
}

static int open_image(const char *path, int fd, void *scratch, size_t scratch_size,
                      struct elf_image *ret_image)
{
    struct stat info;
    const char *wrong = NULL;
    int own = -1;

    if (fd < 0)
        fd = own = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 || fstat(fd, &info) != 0)
        wrong = strerror(errno);
    else if (!S_ISREG(info.st_mode))
        wrong = "it is not a regular file";
    else if (info.st_size == 0)
        wrong = "it is empty";
    else if (!scratch ||
             read_tables(fd, (size_t)info.st_size, scratch, scratch_size, ret_image) != 0)
        wrong = map_all(fd, (size_t)info.st_size, ret_image);
    if (own >= 0)
        close(own);
    return wrong ? metacall_error_raise(METACALL_ERROR_LOADER, "cannot read %s: %s", path, wrong)
                 : 0;
}

int elf_image_open(const char *path, int fd, struct elf_image *ret_image)
{
    return open_image(path, fd, NULL, 0, ret_image);
}

int elf_image_open_tables(const char *path, int fd, void *scratch, size_t scratch_size,
                          struct elf_image *ret_image)
{
    return open_image(path, fd, scratch, scratch_size, ret_image);
}

void elf_image_keep_tables(struct elf_image *image)
{
    struct elf_part parts[2] = {{.at = NULL}, {.at = NULL}};
    struct elf_image kept;
    ElfW(Phdr) first;

    if (!image->owned_size || !image->native || !image->dynamic.at)
        return;
    for (size_t i = 0; elf_image_header(image, i, &first) == 0; i++) {
        if (first.p_type == PT_LOAD && first.p_offset == 0 && first.p_vaddr == 0)
            parts[0].size = tables_end(image->dynamic.at, image->dynamic.size, first.p_filesz);
    }
    parts[1].offset = (uint64_t)(image->dynamic.at - image->parts[0].at);
    parts[1].size = image->dynamic.size;
    uint8_t *bytes =
        parts[0].size && parts[0].size <= PARTS_SIZE ? malloc(parts[0].size + parts[1].size) : NULL;
    if (!bytes)
        return;
    parts[0].at = memcpy(bytes, image->parts[0].at, parts[0].size);
    parts[1].at = memcpy(bytes + parts[0].size, image->dynamic.at, parts[1].size);
    if (elf_image_read_parts(parts, image->parts[0].size, &kept) != NULL || kept.has_gaps ||
        elf_image_symbol_count(&kept) != elf_image_symbol_count(image)) {
        free(bytes);
        return;
    }
    elf_image_close(image);
    kept.owned = bytes;
    *image = kept;
}

void elf_image_close(struct elf_image *image)
{
    if (image->owned_size)
        munmap(image->owned, image->owned_size);
    else
        free(image->owned);
    memset(image, 0, sizeof(*image));
}

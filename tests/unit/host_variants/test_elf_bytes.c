/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* No sequence of bytes makes the reader crash, loop or read outside: cut files, flipped bytes,
 * tables that point anywhere. Meant for AddressSanitizer, and useful without. */
#include "../expect.h"

#include "host_variants/elf_image.h"
#include "host_variants/plugin_note.h"

#include <stdlib.h>
#include <sys/stat.h>

static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static size_t text_sum(const char *text)
{
    return text ? strlen(text) : 0;
}

/* Asks everything that can be asked; every byte of every string is read. */
static size_t ask_all(const struct elf_image *image)
{
    size_t sum = text_sum(image->soname) + text_sum(image->rpath) + text_sum(image->runpath);
    struct elf_relocation_cursor at = {0};
    struct elf_need_cursor cursor = {0};
    struct elf_relocation relocation;
    struct elf_symbol symbol, found;
    struct plugin_note note;
    struct elf_need need;
    char build_id[129];
    size_t steps = 0;

    for (size_t i = 0; i < image->needed_count && i < 100; i++)
        sum += text_sum(elf_image_needed(image, i));
    size_t count = elf_image_symbol_count(image);
    for (size_t i = 0; i < count && i < 3000; i++) {
        if (elf_image_symbol(image, i, &symbol) != 0)
            continue;
        sum += text_sum(symbol.name) + text_sum(symbol.version) + text_sum(symbol.version_file);
        if (i < 200 && elf_image_find(image, symbol.name, symbol.version, &found) == 0)
            sum += text_sum(found.name);
    }
    while (elf_image_next_need(image, &cursor, &need) && steps++ < 100000)
        sum += text_sum(need.file) + text_sum(need.version);
    EXPECT(steps < 100000);
    while (elf_image_next_relocation(image, &at, &relocation))
        sum += relocation.symbol;
    sum += text_sum(elf_image_interpreter(image));
    sum += (size_t)elf_image_build_id(image, build_id, sizeof(build_id));
    if (plugin_note_read(image, &note) == 0)
        sum += text_sum(note.tag) + text_sum(note.strategy) + text_sum(note.runtime_version);
    return sum;
}

/* A copy of the exact size, so that one byte past the end is a fault that a sanitizer sees. */
static int try_bytes(const unsigned char *bytes, size_t size)
{
    unsigned char *copy = malloc(size ? size : 1);
    struct elf_image image;
    int readable;

    memcpy(copy, bytes, size);
    readable = elf_image_read(copy, size, &image) == NULL;
    if (readable)
        ask_all(&image);
    free(copy);
    return readable;
}

static unsigned char *read_file(const char *path, size_t *ret_size)
{
    struct stat info;
    FILE *file = fopen(path, "rb");

    if (!file || fstat(fileno(file), &info) != 0)
        exit(2);
    unsigned char *bytes = malloc((size_t)info.st_size);
    *ret_size = fread(bytes, 1, (size_t)info.st_size, file);
    fclose(file);
    return bytes;
}

static void test_cuts(const unsigned char *bytes, size_t size)
{
    for (size_t cut = 0; cut < size && cut < 2048; cut++)
        EXPECT(!try_bytes(bytes, cut) || cut == size);
    for (size_t cut = 2048; cut < size; cut += 97)
        try_bytes(bytes, cut);
    EXPECT(try_bytes(bytes, size));
}

static void test_flips(const unsigned char *bytes, size_t size, int rounds)
{
    unsigned char *copy = malloc(size);
    int readable = 0;

    for (int round = 0; round < rounds; round++) {
        memcpy(copy, bytes, size);
        for (unsigned flips = 1 + next_random() % 8; flips; flips--) {
            /* half of them where the headers and the tables are */
            size_t limit = next_random() % 2 && size > 2048 ? 2048 : size;
            copy[next_random() % limit] = (unsigned char)next_random();
        }
        readable += try_bytes(copy, size);
    }
    EXPECT(readable > 0 && readable < rounds);
    free(copy);
}

/* Every entry of PT_DYNAMIC in turn is pointed somewhere hostile. */
static void test_dynamic(const unsigned char *bytes, size_t size)
{
    static const uint64_t hostile[] = {
        0, 1, 7, 0x1001, UINT64_MAX, UINT64_MAX - 8, INT64_MAX, 0x7fffffff, 0xfffffff0};
    unsigned char *copy = malloc(size);
    struct elf_image image;

    memcpy(copy, bytes, size);
    EXPECT(elf_image_read(copy, size, &image) == NULL);
    size_t at = (size_t)(image.dynamic.at - copy), count = image.dynamic.size / sizeof(ElfW(Dyn));
    EXPECT(count > 10);
    for (size_t i = 0; i < count; i++) {
        for (size_t h = 0; h < sizeof(hostile) / sizeof(hostile[0]); h++) {
            ElfW(Dyn) entry;
            memcpy(copy, bytes, size);
            memcpy(&entry, copy + at + i * sizeof(entry), sizeof(entry));
            entry.d_un.d_val = (ElfW(Addr))hostile[h];
            memcpy(copy + at + i * sizeof(entry), &entry, sizeof(entry));
            EXPECT(try_bytes(copy, size)); /* the headers are sound: what is left is read */
        }
    }
    free(copy);
}

static void test_named_faults(const unsigned char *bytes, size_t size)
{
    unsigned char *copy = malloc(size);
    struct elf_image image;
    ElfW(Ehdr) head;

    EXPECT_TEXT(elf_image_read("", 0, &image), "it is empty");
    EXPECT_TEXT(elf_image_read("#!/bin/sh\nexit 0\n\n\n", 20, &image), "it is not an ELF file");
    EXPECT_TEXT(elf_image_read(bytes, 40, &image), "it is cut short inside the ELF header");
    EXPECT_TEXT(elf_image_read(bytes, size / 2, &image),
                "it is cut short: a segment reaches past the end of the file");
    memcpy(copy, bytes, size);
    memcpy(&head, copy, sizeof(head));
    head.e_phoff = size - 10;
    memcpy(copy, &head, sizeof(head));
    EXPECT_TEXT(elf_image_read(copy, size, &image), "its program headers lie outside the file");
    memcpy(&head, bytes, sizeof(head));
    head.e_phentsize = 7;
    memcpy(copy, &head, sizeof(head));
    EXPECT_TEXT(elf_image_read(copy, size, &image), "its program headers have an unknown size");
    /* another machine: identity only */
    memcpy(copy, bytes, size);
    copy[18] = EM_SPARCV9;
    copy[19] = 0;
    EXPECT_TEXT(elf_image_read(copy, size, &image), NULL);
    EXPECT(!image.native && image.machine == EM_SPARCV9 && image.needed_count == 0);
    copy[EI_CLASS] = ELFCLASS32;
    copy[EI_DATA] = ELFDATA2MSB;
    copy[16] = 0;
    copy[17] = ET_DYN;
    copy[18] = 0;
    copy[19] = EM_PPC;
    EXPECT_TEXT(elf_image_read(copy, size, &image), NULL);
    EXPECT(!image.native && image.machine == EM_PPC && image.type == ET_DYN);
    EXPECT(elf_image_symbol_count(&image) == 0 && elf_image_needed(&image, 0) == NULL);
    free(copy);
}

int main(void)
{
    static const char *const files[] = {FIXTURES "/sysv/libsysv.so", FIXTURES "/gnu/libgnu.so",
                                        FIXTURES "/versioned/libversioned.so"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        size_t size;
        unsigned char *bytes = read_file(files[i], &size);
        test_named_faults(bytes, size);
        test_cuts(bytes, size);
        test_flips(bytes, size, 4000);
        test_dynamic(bytes, size);
        free(bytes);
    }
    return expect_result();
}

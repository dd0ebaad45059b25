/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Any bytes as an ELF file: opened, and asked everything that can be asked. Every byte of every
 * string that is handed out is read. */
#include "host_variants/elf_image.h"
#include "host_variants/plugin_note.h"

#include <metacall/loader.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sum;

static void read_text(const char *text)
{
    if (text)
        sum += strlen(text);
}

static void ask_symbols(const struct elf_image *image)
{
    struct elf_filter filter = elf_image_filter(image);
    struct elf_symbol symbol, found;
    size_t count = elf_image_symbol_count(image);

    for (size_t i = 0; i <= count && i < 400; i++) {
        if (elf_image_symbol(image, i, &symbol) != 0)
            continue;
        read_text(symbol.name);
        read_text(symbol.version);
        read_text(symbol.version_file);
        sum += (size_t)elf_filter_passes(&filter, elf_image_gnu_hash(symbol.name));
        if (elf_image_find(image, symbol.name, symbol.version, &found) == 0) {
            /* what is found is what was asked for */
            if (strcmp(found.name, symbol.name) != 0 || !found.defined)
                abort();
        }
        int has = elf_image_find(image, symbol.name, NULL, &found) == 0;
        struct elf_query query = {.name = symbol.name, .hash = elf_image_gnu_hash(symbol.name)};
        elf_image_find_many(image, &query, 1);
        /* both ways of asking give one answer */
        if (has != (query.index != 0) ||
            (has && (elf_image_symbol(image, query.index, &symbol) != 0 ||
                     symbol.value != found.value || symbol.section != found.section)))
            abort();
    }
}

static void ask_rest(const struct elf_image *image)
{
    struct elf_relocation_cursor relocations = {0};
    struct elf_need_cursor needs = {0};
    struct elf_relocation relocation;
    struct elf_table note;
    struct plugin_note plugin;
    struct elf_need need;
    char build_id[129];

    for (size_t i = 0; i <= image->needed_count && i < 400; i++)
        read_text(elf_image_needed(image, i));
    while (elf_image_next_need(image, &needs, &need)) {
        read_text(need.file);
        read_text(need.version);
    }
    while (elf_image_next_relocation(image, &relocations, &relocation))
        sum += relocation.symbol + strlen(elf_relocation_name(relocation.kind));
    read_text(elf_image_interpreter(image));
    if (elf_image_build_id(image, build_id, sizeof(build_id)) == 0)
        read_text(build_id);
    if (elf_image_note(image, "FDO", 0x407c0c0a, &note) == 0 && note.size)
        sum += note.at[note.size - 1];
    if (plugin_note_read(image, &plugin) == 0) {
        read_text(plugin.tag);
        read_text(plugin.strategy);
        read_text(plugin.runtime_version);
    }
}

/* The same file, of which only the tables are read. */
static void ask_tables(const uint8_t *data, size_t size)
{
    static int fd = -1;
    struct elf_image image;
    void *scratch = malloc(2048);

    if (fd < 0)
        fd = memfd_create("fuzz_elf", MFD_CLOEXEC);
    if (fd < 0 || !scratch || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    if (elf_image_open_tables("fuzz", fd, scratch, 2048, &image) == 0) {
        ask_symbols(&image);
        ask_rest(&image);
        elf_image_keep_tables(&image);
        ask_symbols(&image);
        ask_rest(&image);
        elf_image_close(&image);
    } else {
        metacall_error_release(metacall_error_take());
    }
    free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_image image;

    ask_tables(data, size);

    if (elf_image_read(data, size, &image) != NULL)
        return 0;
    read_text(image.soname);
    read_text(image.rpath);
    read_text(image.runpath);
    ask_symbols(&image);
    ask_rest(&image);
    elf_image_close(&image);
    return 0;
}

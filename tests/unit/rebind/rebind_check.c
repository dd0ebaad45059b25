/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
#include "rebind_check.h"

#include <metacall/loader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check_failed(const char *file, int line, const char *what)
{
    metacall_error *error = metacall_error_peek();

    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    if (error && error->message)
        fprintf(stderr, "  the error is: %s\n", error->message);
    fflush(stderr);
    _Exit(1);
}

void check_error(int code, const char *text)
{
    metacall_error *error = metacall_error_take();

    if (!error || (int)error->code != code || (text && !strstr(error->message, text))) {
        fprintf(stderr, "an error of code %d with '%s' was expected; it is %d: %s\n", code,
                text ? text : "", error ? (int)error->code : -1, error ? error->message : "none");
        check_failed(__FILE__, __LINE__, "the error");
    }
    metacall_error_release(error);
}

/* The lines of /proc/self/maps between two addresses, without the sizes of neighbours. */
static void read_protections(uintptr_t from, uintptr_t to, char *text, size_t size)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    size_t used = 0;

    text[0] = 0;
    while (maps && fgets(line, sizeof(line), maps)) {
        unsigned long low, high;
        char protection[5];
        if (sscanf(line, "%lx-%lx %4s", &low, &high, protection) != 3 || high <= from || low >= to)
            continue;
        used += (size_t)snprintf(text + used, size - used, "%lx-%lx %s\n", low, high, protection);
        CHECK(used < size);
    }
    CHECK(maps != NULL);
    fclose(maps);
}

void protection_of(const void *address, char text[5])
{
    char line[512];

    read_protections((uintptr_t)address, (uintptr_t)address + 1, line, sizeof(line));
    CHECK(sscanf(line, "%*s %4s", text) == 1);
}

void picture_take(const struct module *module, struct picture *ret_picture)
{
    const struct elf_image *image = module_image(module);
    ElfW(Phdr) header;

    memset(ret_picture, 0, sizeof(*ret_picture));
    for (size_t i = 0; elf_image_header(image, i, &header) == 0; i++) {
        if (header.p_type != PT_LOAD || (header.p_flags & PF_W) == 0)
            continue;
        ret_picture->bytes = realloc(ret_picture->bytes, ret_picture->size + header.p_memsz);
        CHECK(ret_picture->bytes != NULL);
        memcpy(ret_picture->bytes + ret_picture->size,
               (const void *)(module->base + header.p_vaddr), header.p_memsz);
        ret_picture->size += header.p_memsz;
    }
    read_protections(module->lowest, module->highest, ret_picture->protections,
                     sizeof(ret_picture->protections));
}

void picture_compare(const struct picture *picture, const struct module *module)
{
    struct picture now;

    picture_take(module, &now);
    CHECK(now.size == picture->size);
    for (size_t i = 0; i < now.size; i++) {
        if (now.bytes[i] != picture->bytes[i]) {
            fprintf(stderr, "byte %zu of the writable segments differs\n", i);
            check_failed(__FILE__, __LINE__, "the memory is as before");
        }
    }
    if (strcmp(now.protections, picture->protections) != 0) {
        fprintf(stderr, "before:\n%snow:\n%s", picture->protections, now.protections);
        check_failed(__FILE__, __LINE__, "the protections are as before");
    }
    picture_free(&now);
}

void picture_free(struct picture *picture)
{
    free(picture->bytes);
    memset(picture, 0, sizeof(*picture));
}

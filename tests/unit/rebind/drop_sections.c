/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* drop_sections FROM TO: copies an ELF file, less its section headers. */
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    FILE *from = argc == 3 ? fopen(argv[1], "rb") : NULL, *to = NULL;
    char *bytes = NULL;
    long size = 0;

    if (!from || fseek(from, 0, SEEK_END) != 0 || (size = ftell(from)) < 0)
        return 1;
    rewind(from);
    bytes = malloc((size_t)size);
    if (!bytes || fread(bytes, 1, (size_t)size, from) != (size_t)size)
        return 1;
    ElfW(Ehdr) *header = (ElfW(Ehdr) *)bytes;
    size = (long)header->e_shoff; /* they are last in the file */
    header->e_shoff = 0;
    header->e_shnum = header->e_shstrndx = 0;
    to = fopen(argv[2], "wb");
    if (!to || fwrite(bytes, 1, (size_t)size, to) != (size_t)size || fclose(to) != 0)
        return 1;
    fclose(from);
    free(bytes);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* strip_sections FROM TO: a copy without the table of section headers. */
#include <link.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    static char bytes[1 << 20];
    FILE *from = argc == 3 ? fopen(argv[1], "rb") : NULL;
    FILE *to = argc == 3 ? fopen(argv[2], "wb") : NULL;
    size_t size = from ? fread(bytes, 1, sizeof(bytes), from) : 0;
    ElfW(Ehdr) *head = (ElfW(Ehdr) *)bytes;

    if (!to || size < sizeof(*head) || size == sizeof(bytes))
        return 1;
    head->e_shoff = 0;
    head->e_shnum = head->e_shstrndx = 0;
    return fwrite(bytes, 1, size, to) != size || fclose(to) != 0;
}

/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Allocation that does not come back empty-handed. */
#include "memory.h"

#include "output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *given(void *block)
{
    if (block == NULL) {
        fputs("metacall-registry: error: out of memory\n", stderr);
        exit(STATUS_INTERNAL);
    }
    return block;
}

void *memory_take(size_t size)
{
    return given(calloc(1, size != 0 ? size : 1));
}

void *memory_grow(void *block, size_t size)
{
    return given(realloc(block, size != 0 ? size : 1));
}

char *memory_copy(const char *text)
{
    return text != NULL ? given(strdup(text)) : NULL;
}

char *memory_format(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    int length;

    va_start(arguments, format);
    length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return given(length >= 0 ? text : NULL);
}

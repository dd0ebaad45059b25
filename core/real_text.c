/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* printf and strtod follow the process's locale; here its decimal sign is taken out and put in. */
#include "core/real_text.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REAL_TEXT_IN_PLACE 128

void real_format(char text[REAL_TEXT_SIZE], double real, int single)
{
    int first = single ? 6 : 15, last = single ? 9 : 17;
    for (int digits = first; digits <= last; digits++) {
        snprintf(text, REAL_TEXT_SIZE, "%.*g", digits, real);
        if (single ? strtof(text, NULL) == (float)real : strtod(text, NULL) == real)
            break;
    }
    const char *point = localeconv()->decimal_point;
    char *found = strstr(text, point);
    if (found != NULL && strcmp(point, ".") != 0) {
        size_t length = strlen(point);
        *found = '.';
        memmove(found + 1, found + length, strlen(found + length) + 1);
    }
}

int real_parse(const char *text, size_t size, double *ret_real)
{
    const char *point = localeconv()->decimal_point;
    size_t length = strlen(point);
    char place[REAL_TEXT_IN_PLACE];
    char *copy = size + length < sizeof(place) ? place : malloc(size + length + 1);
    char *end;
    if (copy == NULL)
        return 0;
    const char *dot = memchr(text, '.', size);
    size_t before = dot != NULL ? (size_t)(dot - text) : size;
    memcpy(copy, text, before);
    char *at = copy + before;
    if (dot != NULL) {
        memcpy(at, point, length);
        at += length;
        memcpy(at, dot + 1, size - before - 1);
        at += size - before - 1;
    }
    *at = '\0';
    double real = strtod(copy, &end);
    int whole = end == at && end != copy;
    if (copy != place)
        free(copy);
    if (whole)
        *ret_real = real;
    return whole;
}

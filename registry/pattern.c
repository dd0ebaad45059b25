/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* Matching is linear: with at most one `%v`, the text before and the text after it are fixed. */
#include "registry/pattern.h"

#include <metacall/registry.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 64

int pattern_valid(const char *pattern)
{
    int placeholders = 0;
    if (!*pattern)
        return 0;
    for (const char *at = pattern; *at; at++) {
        if (*at == '/' || (unsigned char)*at <= ' ' || *at == 0x7f)
            return 0;
        if (*at != '%')
            continue;
        if (at[1] != 'v' || placeholders++)
            return 0;
    }
    return 1;
}

static int is_version(const char *text, size_t size)
{
    if (size == 0 || size >= PATTERN_VERSION_SIZE || text[0] == '.' || text[size - 1] == '.')
        return 0;
    for (size_t i = 0; i < size; i++) {
        if (!isdigit((unsigned char)text[i]) && (text[i] != '.' || text[i + 1] == '.'))
            return 0;
    }
    return 1;
}

static void copy_version(char *ret_version, const char *text, size_t size)
{
    if (ret_version) {
        memcpy(ret_version, text, size);
        ret_version[size] = '\0';
    }
}

int pattern_match(const char *pattern, const char *name, char ret_version[PATTERN_VERSION_SIZE])
{
    const char *place = strstr(pattern, "%v");
    if (!place) {
        if (strcmp(pattern, name) != 0)
            return 0;
        copy_version(ret_version, "", 0);
        return 1;
    }
    size_t before = (size_t)(place - pattern), after = strlen(place + 2), size = strlen(name);
    if (size <= before + after || strncmp(pattern, name, before) != 0 ||
        strcmp(name + size - after, place + 2) != 0 ||
        !is_version(name + before, size - before - after))
        return 0;
    copy_version(ret_version, name + before, size - before - after);
    return 1;
}

int pattern_find(const char *pattern, const char *bytes, size_t size,
                 char ret_version[PATTERN_VERSION_SIZE])
{
    const char *place = strstr(pattern, "%v"), *at = bytes, *end = bytes + size;
    size_t before = place ? (size_t)(place - pattern) : 0;
    if (before == 0)
        return 0;
    while ((at = memmem(at, (size_t)(end - at), pattern, before)) != NULL) {
        size_t length = 0;
        at += before;
        while (at + length < end && (isdigit((unsigned char)at[length]) || at[length] == '.'))
            length++;
        while (length > 0 && at[length - 1] == '.')
            length--;
        if (is_version(at, length)) {
            copy_version(ret_version, at, length);
            return 1;
        }
    }
    return 0;
}

static int same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t pattern_distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b);
    size_t table[3][WORD_MAX + 1]; /* the last three rows, in turn */
    if (rows > WORD_MAX || columns > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= columns; j++)
        table[0][j] = j;
    for (size_t i = 1; i <= rows; i++) {
        size_t *row = table[i % 3], *above = table[(i + 2) % 3], *before = table[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            row[j] = least(above[j - 1] + !same_letter(a[i - 1], b[j - 1]),
                           least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                same_letter(a[i - 2], b[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return table[rows % 3][columns];
}

/* 0 where the word begins the candidate: somebody stopped typing. */
static size_t meant(const char *word, size_t length, const char *candidate)
{
    if (length >= 2 && strncasecmp(word, candidate, length) == 0)
        return 0;
    return pattern_distance(word, candidate);
}

const char *metacall_registry_nearer(const char *word, const char *best, const char *candidate)
{
    size_t length = strlen(word), distance = meant(word, length, candidate);
    if (best)
        return distance < meant(word, length, best) ? candidate : best;
    return distance <= length / 3 + 1 ? candidate : NULL;
}

const char *pattern_nearest(const char *word, const char *const *words, size_t count)
{
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++)
        nearest = metacall_registry_nearer(word, nearest, words[i]);
    return nearest;
}

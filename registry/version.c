/* SPDX-License-Identifier: Apache-2.0
 * Copyright (c) The MetaCall loader registry authors */
/* The grammar of a range, the same as in the schema:
 *   range      = "*" | alternative { " "* "||" " "* alternative }
 *   alternative = comparator { " "+ comparator }
 *   comparator = [ ">=" | "<=" | ">" | "<" | "=" ] number { "." number }   (up to four numbers)
 *   number     = "0" | 1-9 followed by up to eight digits */
#include "registry/version.h"

#include <string.h>

enum comparison { ANY_OF, AT_LEAST, AT_MOST, ABOVE, BELOW };

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One number without leading zeros; 0 bytes where there is none. */
static size_t read_number(const char *text, unsigned *ret_number)
{
    size_t size = 0;
    unsigned number = 0;
    if (text[0] == '0' && !is_digit(text[1])) {
        *ret_number = 0;
        return 1;
    }
    if (text[0] == '0')
        return 0;
    while (is_digit(text[size]) && size < 9)
        number = number * 10 + (unsigned)(text[size++] - '0');
    if (size == 0 || is_digit(text[size]))
        return 0;
    *ret_number = number;
    return size;
}

/* A version of the strict form; 0 bytes where there is none. */
static size_t read_strict(const char *text, struct version *ret_version)
{
    struct version version = {.count = 0};
    size_t at = 0;
    for (;;) {
        size_t size = read_number(text + at, &version.parts[version.count]);
        if (size == 0)
            return 0;
        version.count++;
        at += size;
        if (text[at] != '.')
            break;
        if (version.count == VERSION_PARTS)
            return 0;
        at++;
    }
    *ret_version = version;
    return at;
}

size_t version_read(const char *text, struct version *ret_version)
{
    struct version version = {.count = 0};
    size_t at = text[0] == 'v' || text[0] == 'V';
    if (!is_digit(text[at]))
        return 0;
    while (version.count < VERSION_PARTS && is_digit(text[at])) {
        unsigned number = 0;
        size_t digits = 0;
        for (; is_digit(text[at]); at++, digits++)
            number = digits < 9 ? number * 10 + (unsigned)(text[at] - '0') : number;
        version.parts[version.count++] = number;
        if (text[at] != '.' || !is_digit(text[at + 1]) || version.count == VERSION_PARTS)
            break;
        at++;
    }
    *ret_version = version;
    return at;
}

int version_compare(const struct version *a, const struct version *b)
{
    for (unsigned i = 0; i < VERSION_PARTS; i++) {
        if (a->parts[i] != b->parts[i])
            return a->parts[i] < b->parts[i] ? -1 : 1;
    }
    return 0;
}

static size_t read_comparison(const char *text, enum comparison *ret_comparison)
{
    static const struct {
        const char *text;
        enum comparison comparison;
    } words[] = {{">=", AT_LEAST}, {"<=", AT_MOST}, {">", ABOVE}, {"<", BELOW}, {"=", ANY_OF}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t size = strlen(words[i].text);
        if (strncmp(text, words[i].text, size) == 0) {
            *ret_comparison = words[i].comparison;
            return size;
        }
    }
    *ret_comparison = ANY_OF;
    return 0;
}

static int holds(const struct version *version, enum comparison comparison,
                 const struct version *bound)
{
    int order = version_compare(version, bound);
    switch (comparison) {
    case AT_LEAST:
        return order >= 0;
    case AT_MOST:
        return order <= 0;
    case ABOVE:
        return order > 0;
    case BELOW:
        return order < 0;
    case ANY_OF:
        break;
    }
    for (unsigned i = 0; i < bound->count; i++) {
        if (version->parts[i] != bound->parts[i])
            return 0;
    }
    return 1;
}

static size_t spaces(const char *text)
{
    return strspn(text, " ");
}

/* 1 in, 0 out, -1 no range. With version NULL only the syntax counts. */
static int evaluate(const struct version *version, const char *text)
{
    int any = 0, all = 1;
    size_t at = 0;
    if (strcmp(text, "*") == 0)
        return 1;
    for (;;) {
        enum comparison comparison;
        struct version bound;
        at += read_comparison(text + at, &comparison);
        size_t size = read_strict(text + at, &bound);
        if (size == 0)
            return -1;
        at += size;
        all = all && (!version || holds(version, comparison, &bound));
        size_t gap = spaces(text + at);
        at += gap;
        if (text[at] == '\0')
            return gap ? -1 : (any || all);
        if (text[at] == '|' && text[at + 1] == '|') {
            any = any || all;
            all = 1;
            at += 2;
            at += spaces(text + at);
        } else if (gap == 0) {
            return -1;
        }
    }
}

int version_range_valid(const char *range)
{
    return evaluate(NULL, range) >= 0;
}

int version_in_range(const char *version, const char *range)
{
    struct version read;
    if (version_read(version, &read) == 0)
        return -1;
    return evaluate(&read, range);
}

/* One dot-separated list of identifiers after '-' or '+'. Returns its size, 0 where it is wrong. */
static size_t semver_identifiers(const char *text, int numbers_without_zeros)
{
    static const char letters[] = "0123456789-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t at = 0;
    for (;;) {
        size_t size = strspn(text + at, letters);
        if (size == 0)
            return 0;
        if (numbers_without_zeros && size > 1 && text[at] == '0' &&
            strspn(text + at, "0123456789") == size)
            return 0;
        at += size;
        if (text[at] != '.')
            return at;
        at++;
    }
}

int version_is_semver(const char *text)
{
    struct version version;
    size_t at = read_strict(text, &version), size;
    if (at == 0 || version.count != 3)
        return 0;
    if (text[at] == '-') {
        if ((size = semver_identifiers(text + at + 1, 1)) == 0)
            return 0;
        at += 1 + size;
    }
    if (text[at] == '+') {
        if ((size = semver_identifiers(text + at + 1, 0)) == 0)
            return 0;
        at += 1 + size;
    }
    return text[at] == '\0';
}
